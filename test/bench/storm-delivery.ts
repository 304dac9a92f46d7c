/** One event of a storm, signed and delivered over HTTP. */

import { createHmac } from 'node:crypto';

export async function deliver(url: string, secret: string, event: string, customer: string): Promise<void> {
  const object = { id: `in_${event}`, object: 'invoice', customer };
  const body = JSON.stringify({ id: `evt_${event}`, type: 'invoice.paid', livemode: false, data: { object } });
  const t = Math.floor(Date.now() / 1_000);
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  const headers = { 'stripe-signature': `t=${t},v1=${v1}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/webhooks/stripe`, { method: 'POST', headers, body });
  await answer.text();
  if (answer.status !== 200) throw new Error(`a webhook was answered ${answer.status}`);
}
