/**
 * The test command again and again beside busy processes: `node test/under-load.ts 10 8 [steps]` runs it ten times beside
 * eight of them, and prints how each run went. Slow is allowed; a run that fails is a test that measures the machine.
 * Each run's output is kept, and its place is printed.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdtempSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';

interface Run {
  readonly passed: boolean;
  readonly seconds: number;
  /** The machine's load at the run's end, over 15 minutes. */
  readonly load: number;
  /** The summary at the end of the test command: each step's time, load and counts. */
  readonly lines: readonly string[];
}

/** Longer than a run takes beside a busy process for each test file that runs at once. */
const longestRunMs = 3 * 3_600_000;
/** A step's line in the summary, which tells the load. */
const summarised = /^── .*  load /;

const [runs, busy] = [countOf(2, 10), countOf(3, 8)];
const steps = process.argv.slice(4);
const folder = mkdtempSync(join(tmpdir(), 'billhook-under-load-'));
let running: ChildProcess[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.once('exit', endAll);

process.stdout.write(`${runs} runs beside ${busy} busy processes; outputs in ${folder}\n`);
const all: Run[] = [];
for (let number = 1; number <= runs; number += 1) {
  // oxlint-disable-next-line no-await-in-loop -- one run after the other
  const run = await once(join(folder, `run-${number}.log`));
  all.push(run);
  const { passed, seconds, load, lines } = run;
  const how = `${passed ? 'passed' : 'FAILED'} ${seconds.toFixed(0).padStart(6)} s   load ${load.toFixed(1).padStart(5)}`;
  process.stdout.write([`${String(number).padStart(3)}  ${how}`, ...lines].join('\n     ') + '\n');
}
const green = all.filter(({ passed }) => passed).length;
process.stdout.write(`${green} of ${runs} passed beside ${busy} busy processes\n`);
process.exitCode = green === runs ? 0 : 1;

function countOf(index: number, usual: number): number {
  const count = Number(process.argv[index] ?? usual);
  if (Number.isInteger(count) && count >= 0) return count;
  process.stderr.write('node test/under-load.ts [runs] [busy processes] [steps]\n');
  return process.exit(2);
}

/** One run of the test command, and the busy processes for as long as it lasts. */
async function once(log: string): Promise<Run> {
  const began = performance.now();
  const options = { stdio: 'ignore', timeout: longestRunMs, killSignal: 'SIGKILL' } as const;
  const beside = Array.from({ length: busy }, () => spawn(process.execPath, ['-e', 'for (;;);'], options));
  // A group of its own: its runners and their browsers end with it.
  const tests = spawn(process.execPath, [resolve(import.meta.dirname, 'all.ts'), ...steps], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running = [...beside, tests];
  const output = createWriteStream(log);
  let said = '';
  for (const stream of [tests.stdout, tests.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      output.write(text);
    });
  }
  const limit = setTimeout(endAll, longestRunMs);
  const code = await new Promise((closed) => tests.once('close', closed));
  clearTimeout(limit);
  endAll();
  output.end();
  return {
    passed: code === 0,
    seconds: (performance.now() - began) / 1000,
    load: loadavg()[2] ?? Number.NaN,
    lines: said.split('\n').filter((line) => summarised.test(line)),
  };
}

/** Ends what this program started, by its ids, and nothing else. */
function endAll(): void {
  for (const { pid, exitCode, signalCode, spawnargs } of running) {
    if (pid === undefined || exitCode !== null || signalCode !== null) continue;
    try {
      process.kill(spawnargs.includes('-e') ? pid : -pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
  running = [];
}
