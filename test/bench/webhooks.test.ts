/** A webhook stays cheap: rates of one run side by side, held at less than half of what was measured. */

import { expect, it } from 'vitest';
import { measureWebhooks } from './webhooks.ts';

it('a webhook costs a bounded part of verifying and committing, and many at once share their commits', async () => {
  const { oneClient, manyClients } = await measureWebhooks({ rounds: 3, operations: 200 });
  const said = ({ perSecond, rateAgainstFirst }: (typeof oneClient)[number]) =>
    `${perSecond.toFixed(0)}/s (${rateAgainstFirst.toFixed(2)} ×)`;
  const [[, one], [, many]] = [oneClient, manyClients];
  if (!one || !many) throw new Error('nothing was measured');
  process.stdout.write(`  webhook: one client ${said(one)}, 64 clients ${said(many)}\n`);
  expect(one.rateAgainstFirst, 'one client').toBeGreaterThan(0.1);
  expect(many.rateAgainstFirst, '64 clients').toBeGreaterThan(0.1);
});
