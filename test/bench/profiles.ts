/** The profiles of a read and of a webhook, as a text. */

import { origin, publicUrl, startBff, token } from '../server/support/bff.ts';
import { selfTimes } from './profile.ts';
import { deliveryOf } from './webhooks.ts';

export async function profiles(): Promise<string> {
  const bff = await startBff();
  try {
    const headers = { origin, authorization: `Bearer ${await token()}` };
    const fetch = async (request: Request) => await (await bff.billhook.fetch(request)).text();
    const read = () => fetch(new Request(`${publicUrl}/v1/billing`, { headers }));
    let count = 0;
    const webhook = async () => {
      count += 1;
      const object = { id: `in_${count}`, object: 'invoice', customer: `cus_${count}` };
      const body = { id: `evt_${count}`, type: 'invoice.paid', livemode: false, data: { object } };
      await fetch(deliveryOf(body));
    };
    return [await profileOf('a read', read, 20_000), await profileOf('a webhook', webhook, 3_000)].join('\n');
  } finally {
    await bff.close();
  }
}

async function profileOf(what: string, run: () => Promise<unknown>, times: number): Promise<string> {
  const all = async () => {
    for (let time = 0; time < times; time += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await run();
    }
  };
  await all();
  const rows = (await selfTimes(all)).map(
    ({ name, file, share }) => `${(share * 100).toFixed(1).padStart(5)} %  ${name}  ${file}`,
  );
  return `${what}\n${rows.join('\n')}\n`;
}
