/** What a host's backend pays for @billhook/host at its start: every function that is woken pays it again. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPacked, type Consumer } from './packed.ts';

/** Milliseconds of this process's own work: on a busy machine the others' would count in a clock's. */
const most = 30;
const runs = 9;

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installPacked();
});
afterAll(() => consumer.remove());

/** The median of a new process that imports it, in milliseconds. */
async function importing(name: string | null): Promise<number> {
  const imports = name === null ? '' : `await import('${name}');`;
  const script = `${imports} const { user, system } = process.cpuUsage(); console.log((user + system) / 1000);`;
  const times: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one at a time, so that none waits for another
  while (times.length < runs) times.push(Number((await consumer.node('--input-type=module', '--eval', script)).output));
  return times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}

it('@billhook/host is imported in 30 ms, and in a fifth of the server’s time', async () => {
  const nothing = await importing(null);
  const [host, server] = [await importing('@billhook/host'), await importing('@billhook/server')];
  const [own, other] = [host - nothing, server - nothing];
  process.stdout.write(
    `CPU: node alone ${nothing.toFixed(1)} ms, with host ${own.toFixed(1)} more, with server ${other.toFixed(1)} more\n`,
  );
  expect(own).toBeLessThanOrEqual(most);
  expect(own / other).toBeLessThan(0.2);
});
