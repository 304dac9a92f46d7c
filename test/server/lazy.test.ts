/** N2: importing a module that has a server opens nothing; the first use makes the process's one. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { lazyBillhook, type Billhook, type BillhookOptions } from '@billhook/server';
import { hostSecret, origin, publicUrl, webhookSecret } from './support/bff.ts';
import { listening } from '../support/listening.ts';

let folder: string;
let stripe: Awaited<ReturnType<typeof listening>>;
let asked = 0;
const opened: Billhook[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billhook-lazy-'));
  stripe = await listening(
    createServer((_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'acct_1', object: 'account' }));
    }),
  );
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((billhook) => billhook.close()));
});
afterAll(async () => {
  await stripe.close();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
function options(): BillhookOptions {
  return {
    publicUrl,
    database: join(folder, `${++count}.db`),
    stripe: { secretKey: 'sk_test_lazy', webhookSecrets: [webhookSecret], apiUrl: stripe.url },
    hosts: [{ id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: origin }],
  };
}
const open = async (billhook: () => Promise<Billhook>) => {
  const made = await billhook();
  opened.push(made);
  return made;
};

it('opens no ledger and asks Stripe nothing until it is used', async () => {
  const given = options();
  const billhook = lazyBillhook(given, 'unused');
  expect([existsSync(given.database), asked]).toEqual([false, 0]);
  expect((await (await open(billhook)).fetch(new Request(`${publicUrl}/healthz`))).status).toBe(200);
  expect(existsSync(given.database)).toBe(true);
  expect(asked).toBeGreaterThan(0);
});

it('is one for the process, also of a module that was loaded anew, and reads the options once', async () => {
  let read = 0;
  const reading = () => {
    read += 1;
    return options();
  };
  const [first, second] = [lazyBillhook(reading, 'one'), lazyBillhook(reading, 'one')];
  const made = await Promise.all([open(first), first(), second()]);
  expect(new Set(made).size).toBe(1);
  expect(read).toBe(1);
});

it('tries a failed start again, and makes another one after it was closed', async () => {
  let given: BillhookOptions = { ...options(), hosts: [] };
  const billhook = lazyBillhook(() => given, 'again');
  await expect(billhook()).rejects.toMatchObject({ code: 'config_invalid' });
  given = options();
  const first = await billhook();
  await first.close();
  expect(await open(billhook)).not.toBe(first);
});
