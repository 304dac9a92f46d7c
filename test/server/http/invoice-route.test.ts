/** `POST /v1/invoice-sessions`: the invoice that is meant, and its page at Stripe. */

import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { RouteContext } from '../../../server/src/http/route-context.ts';
import { invoiceRoute } from '../../../server/src/http/routes/invoice.ts';
import { toProblemError } from '../../../server/src/http/to-problem.ts';
import { logRecorder } from '../../support/log-recorder.ts';
import { noon } from '../fixtures/facts.ts';
import { signedIn } from '../support/signed-in.ts';

const both = { invoiceToPay: 'in_open', lastInvoice: 'in_last' };

async function ask(body: object, reading: object = both, page: string | null = 'https://stripe.example') {
  const asked: unknown[] = [];
  const visits: unknown[] = [];
  const parts = {
    config: { now: () => noon, log: logRecorder() },
    gateway: {
      invoicePage: async (...given: unknown[]) => {
        asked.push(given);
        return page;
      },
    },
    linking: { introduce: async () => false },
    read: async () => ({ record: { customer: 'cus_1', revision: 5, facts: null }, ...reading }),
    store: { epoch: 'e1', openVisit: async (visit: unknown) => void visits.push(visit) },
    allow(scope: string) {
      expect(scope).toBe('billing:manage');
      return signedIn({ host: 'acme', account: 'team_1' });
    },
  };
  const app = new Hono()
    .route('/', invoiceRoute(parts as unknown as RouteContext))
    .onError((cause, c) => c.json({ code: toProblemError(cause).code }));
  const answer = await app.request('/', { method: 'POST', body: JSON.stringify({ seen: 'e1.3', ...body }) });
  return { asked, visits, answer: (await answer.json()) as { code?: string; url?: string } };
}

it('is the one to pay, or the last one where that is asked for', async () => {
  const { asked, answer, visits } = await ask({});
  expect([asked, answer.url]).toEqual([[['in_open', true]], 'https://stripe.example']);
  expect(visits).toMatchObject([{ kind: 'invoice', seen: 3, customer: 'cus_1' }]);
  expect((await ask({ invoice: 'last' })).asked).toEqual([['in_last', false]]);
});

it.each([
  ['there is none to pay', {}, { ...both, invoiceToPay: null }],
  ['there was never one', { invoice: 'last' }, { ...both, lastInvoice: null }],
])('is none where %s', async (_, body, reading) => {
  const { asked, answer, visits } = await ask(body, reading);
  expect([answer.code, asked, visits]).toEqual(['no_open_invoice', [], []]);
});

it('is none where Stripe has no page of it any more', async () => {
  const { answer, visits } = await ask({}, both, null);
  expect([answer.code, visits]).toEqual(['no_open_invoice', []]);
});

it('is none of an account without a customer, nor by another name', async () => {
  expect((await ask({}, { ...both, record: null })).answer.code).toBe('no_customer');
  expect((await ask({ invoice: 'first' })).answer.code).toBe('field_invalid');
});
