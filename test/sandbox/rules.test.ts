/** Which test holds which rule of docs/stripe-behaviour.md, and how each is proved to notice when the rule is broken. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { notOfTheSandbox, ruleMutants } from './rule-mutants.ts';

const root = join(import.meta.dirname, '../..');
const rules = [...readFileSync(join(root, 'docs/stripe-behaviour.md'), 'utf8').matchAll(/^### ([A-Z]+-\d+):/gm)].map(
  ([, id = '']) => id,
);

describe('L39: the rules of docs/stripe-behaviour.md', () => {
  test('each has a test here and a mutant, or a reason why not', () => {
    const covered = [...ruleMutants.map(({ rule }) => rule), ...Object.keys(notOfTheSandbox)];
    expect(covered.toSorted()).toEqual(rules.toSorted());
  });

  test.each(ruleMutants)('$rule is held by sandbox/$test', ({ rule, test: name, title, file, from, to }) => {
    const tests = readdirSync(import.meta.dirname).filter(
      (each) => each.endsWith('.test.ts') && `sandbox/${each}`.includes(`sandbox/${name}`),
    );
    const found = tests.some((each) => readFileSync(join(import.meta.dirname, each), 'utf8').includes(title ?? rule));
    expect(found, `no test of sandbox/${name} names ${rule}`).toBe(true);
    const source = readFileSync(join(root, 'demo/stripe-sandbox', file), 'utf8');
    expect(source.split(from), `the mutant’s place in ${file}`).toHaveLength(2);
    expect(from).not.toBe(to);
  });

  test('the table', () => {
    const rows = ruleMutants.map((row) => `${row.rule.padEnd(8)} sandbox/${row.test.padEnd(22)} mutant in ${row.file}`);
    process.stdout.write(`${rows.join('\n')}\n${rows.length} rules; node test/sandbox/kill-mutants.ts kills each\n`);
    expect(rows.length).toBeGreaterThan(45);
  });
});
