/** Breaks each rule in turn and runs its tests: prints the table rule → test → killed. Ends with 1 where one survives. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ruleMutants } from './rule-mutants.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
let survivors = 0;
for (const { rule, test, title } of ruleMutants.filter((row) => wanted.length === 0 || wanted.includes(row.rule))) {
  const { stdout, stderr } = spawnSync(
    'pnpm',
    ['exec', 'vitest', 'run', '--config', 'sandbox/mutants.config.ts', `sandbox/${test}`, '-t', title ?? `${rule}\\b`],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, SANDBOX_MUTANT: rule, NO_COLOR: '1' } },
  );
  const [, counts = ''] = /^\s*Tests\s+(.*)$/m.exec(stdout) ?? [];
  const failed = /(\d+) failed/.exec(counts)?.[1];
  const passed = /(\d+) passed/.exec(counts)?.[1];
  if (failed === undefined) survivors += 1;
  // Neither failed nor passed: a run that broke off proves nothing.
  const otherwise =
    passed === undefined ? `DID NOT RUN ${stderr.trim().split('\n').at(-1) ?? ''}` : `SURVIVED (${passed} passed)`;
  process.stdout.write(
    `${rule.padEnd(8)} ${test.padEnd(22)} ${failed === undefined ? otherwise : `killed by ${failed}`}\n`,
  );
}
if (survivors > 0) process.exitCode = 1;
