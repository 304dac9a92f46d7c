/** Well-formed requests that no honest client sends, as bytes: none is served more than it may have, and none is an error of the server's. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { report, tally } from './corpus.ts';
import { oddRequests } from './odd-requests.ts';
import { startServed, type Served } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await startServed();
});
afterAll(() => served.close());

it('no odd request is answered otherwise than it should be', async () => {
  const all = Object.entries(oddRequests(await served.token('team_1'), await served.token('team_2')));
  const rows = served.rows();
  const { counts, add } = tally();
  const wrong: string[] = [];
  for (const [name, { line, headers = [], body = '', right }] of all) {
    const bytes = [line, 'Host: billing.acme.example', ...headers, 'Connection: close', '', body].join('\r\n');
    const { text, statuses } = await served.raw(Buffer.from(bytes), { patienceMs: 5_000 });
    const status = statuses.filter((each) => each !== 100).join('+');
    add(status);
    const allowed = /^access-control-allow-origin: (.*)$/im.exec(text)?.[1]?.trim() ?? '';
    const isShown = /evil\.example/.test(text) || !['', '*'].includes(allowed);
    if (!right.map(String).includes(status) || isShown) wrong.push(`${name}: ${status}${isShown ? `, ${text}` : ''}`);
  }
  report('odd requests', { tried: all.length, wrong: wrong.length, ...counts });
  expect(wrong).toEqual([]);
  expect(served.calls()).toEqual([]);
  expect(served.rows()).toEqual(rows);
  expect(served.errors()).toEqual([]);
});
