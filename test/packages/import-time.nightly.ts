/** What a host's backend pays for @billhook/host at its start: every function that is woken pays it again. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPacked, type Consumer } from './packed.ts';

/** Milliseconds of this process's own work: on a busy machine the others' would count in a clock's. */
const most = 30;
const runs = 15;

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installPacked();
});
afterAll(() => consumer.remove());

const imports = {
  nothing: '',
  host: `await import('@billhook/host');`,
  server: `await import('@billhook/server');`,
};

/** The CPU of a new process that imports one of them, in milliseconds. */
async function importing(name: keyof typeof imports): Promise<number> {
  const script = `${imports[name]} const { user, system } = process.cpuUsage(); console.log((user + system) / 1000);`;
  return Number((await consumer.node('--input-type=module', '--eval', script)).output);
}

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;

it('@billhook/host is imported in 30 ms, and in a fifth of the server’s time', async () => {
  const times: Record<keyof typeof imports, number[]> = { nothing: [], host: [], server: [] };
  // In turns: memory that other processes empty makes all three slower by the same.
  while (times.server.length < runs) {
    for (const name of ['nothing', 'host', 'server'] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time, so that none waits for another
      times[name].push(await importing(name));
    }
  }
  const nothing = median(times.nothing);
  const [own, other] = [median(times.host) - nothing, median(times.server) - nothing];
  process.stdout.write(
    `CPU: node alone ${nothing.toFixed(1)} ms, with host ${own.toFixed(1)} more, with server ${other.toFixed(1)} more\n`,
  );
  expect(own).toBeLessThanOrEqual(most);
  expect(own / other).toBeLessThan(0.2);
});
