/** What a host's backend pays for @billhook/host at its start: every function that is woken pays it again. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPacked, type Consumer } from './packed.ts';

/** Milliseconds, on a machine with nothing else to do. */
const most = 30;
const runs = 9;

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installPacked();
});
afterAll(() => consumer.remove());

async function importing(name: string): Promise<number> {
  const script = `const began = performance.now(); await import('${name}'); console.log(performance.now() - began);`;
  const times: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one at a time, so that none waits for another
  while (times.length < runs) times.push(Number((await consumer.node('--input-type=module', '--eval', script)).output));
  return times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}

it('@billhook/host is imported in 30 ms, and in a fifth of the server’s time', async () => {
  const [host, server] = [await importing('@billhook/host'), await importing('@billhook/server')];
  process.stdout.write(`import: host ${host.toFixed(1)} ms, server ${server.toFixed(1)} ms\n`);
  expect(host).toBeLessThanOrEqual(most);
  expect(host / server).toBeLessThan(0.2);
});
