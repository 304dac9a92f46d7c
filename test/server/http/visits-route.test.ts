/** `POST /v1/visits/return` between the ledger and the page: its questions, and the outcome that it settles. */

import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { VisitReturn } from '@billhook/widget/contract';
import { Waiters } from '../../../server/src/background/waiters.ts';
import { defaultPolicy } from '../../../server/src/billing/judge/judge.ts';
import type { RouteContext } from '../../../server/src/http/route-context.ts';
import { visitsRoute } from '../../../server/src/http/routes/visits.ts';
import { toProblemError } from '../../../server/src/http/to-problem.ts';
import { customer, item, noon, subscription } from '../fixtures/facts.ts';
import { signedIn } from '../support/signed-in.ts';

const now = customer([subscription({ items: [item({ product: 'prod_team' })] })]);
const before = customer([subscription({ items: [item({ product: 'prod_solo', price: 'price_solo' })] })]);
const ticket = 4;

interface World {
  readonly visit?: object | null;
  readonly record?: object | null;
  readonly known?: object | null;
  readonly policy?: object;
}

async function comeBack(
  { visit = {}, record = {}, known = before, policy = {} }: World = {},
  { wait, body = { visit: 'visit-1' } as unknown }: { wait?: number; body?: unknown } = {},
) {
  const asked: unknown[] = [];
  const note =
    <T>(what: string, answer: T) =>
    async (...given: unknown[]) => {
      asked.push([what, ...given]);
      return answer;
    };
  const caller = { host: 'acme', account: 'team_1', policy: { ...defaultPolicy, ...policy } };
  const stored = { customer: 'cus_1', revision: 5, facts: now, syncedTicket: ticket, ...record };
  const found = { id: 'visit-1', customer: 'cus_1', kind: 'portal', seen: 3, ...visit };
  const parts = {
    config: { now: () => noon },
    waiters: new Waiters(),
    wakeWorker: () => undefined,
    catalogue: { productName: (id: string) => `Product ${id}`, price: () => null },
    read: async () => ({ record: record === null ? null : stored, snapshot: { revision: 'e1.5' } }),
    store: {
      findVisit: note('find', visit === null ? null : found),
      returnVisit: note('return', ticket),
      prioritize: note('prioritize', undefined),
      factsAt: note('facts', known),
      settleVisit: note('settle', undefined),
    },
    allow: () => signedIn(caller),
  };
  const app = new Hono()
    .route('/', visitsRoute(parts as unknown as RouteContext))
    .onError((cause, c) => c.json({ code: toProblemError(cause).code }));
  const headers = wait === undefined ? undefined : { prefer: `wait=${wait}` };
  const answer = await app.request('/return', {
    method: 'POST',
    body: JSON.stringify(body),
    ...(headers && { headers }),
  });
  return { asked, answer: (await answer.json()) as VisitReturn & { code?: string }, caller };
}
const settled = (asked: unknown[]) => asked.filter((each) => (each as string[])[0] === 'settle');
const kinds = ({ changes }: VisitReturn) => changes.map(({ kind }) => kind);

it('a visit is looked for by its account, and raises a ticket at most every five seconds', async () => {
  const { asked, caller } = await comeBack();
  expect(asked.slice(0, 3)).toEqual([
    ['find', 'visit-1', caller, noon],
    ['return', 'visit-1', 5_000, noon],
    ['prioritize', 'cus_1', noon + 5_000],
  ]);
  const held = await comeBack({}, { wait: 20 });
  expect(held.asked).toContainEqual(['prioritize', 'cus_1', noon + 20_000]);
});

it('an unknown visit is none, and what names none is refused', async () => {
  const { asked, answer } = await comeBack({ visit: null });
  expect([answer.code, asked.length]).toEqual(['visit_not_found', 1]);
  expect((await comeBack({}, { body: { visit: 'a b' } })).answer.code).toBe('field_invalid');
});

it('before the look is in, an outcome is pending', async () => {
  const { asked, answer } = await comeBack({ record: { syncedTicket: ticket - 1 } });
  expect(answer).toEqual({ outcome: 'pending', changes: [], snapshot: { revision: 'e1.5' } });
  expect(settled(asked)).toEqual([]);
});

it('a change is told in the names of products, and looked at no more', async () => {
  const { asked, answer } = await comeBack();
  expect(answer).toMatchObject({ outcome: 'changed', snapshot: { revision: 'e1.5' } });
  expect(answer.changes).toMatchObject([{ kind: 'plan', from: 'Product prod_solo', to: 'Product prod_team' }]);
  expect(asked).toContainEqual(['facts', 'cus_1', 3]);
  expect(settled(asked)).toEqual([['settle', 'visit-1', 'changed', []]]);
});

it('no change is looked at again after 5 and 30 seconds', async () => {
  const { asked, answer } = await comeBack({ known: now });
  expect(answer).toMatchObject({ outcome: 'unchanged', changes: [] });
  expect(settled(asked)).toEqual([['settle', 'visit-1', 'unchanged', [noon + 5_000, noon + 30_000]]]);
});

it('a product beside the host’s plans is no change of the plan', async () => {
  const items = (...products: string[]) => products.map((product) => item({ product, price: `price_${product}` }));
  const known = customer([subscription({ items: items('prod_extra', 'prod_team') })]);
  const record = { facts: customer([subscription({ items: items('prod_team') })]) };
  const policy = { plans: [{ key: 'team', product: 'prod_team', features: [] }] };
  const [all, own] = [await comeBack({ known, record }), await comeBack({ known, record, policy })];
  expect([kinds(all.answer), kinds(own.answer)]).toEqual([['plan'], []]);
});

it.each<[string, World]>([
  ['nothing was fetched', { record: { facts: null } }],
  ['the account has no customer any more', { record: null }],
  ['the page has seen it all', { visit: { seen: 5 } }],
  ['a portal was opened before anything was known', { known: null }],
])('there is no change where %s', async (_, world) => {
  const { answer } = await comeBack(world);
  expect(answer).toMatchObject({ outcome: 'unchanged', changes: [] });
});

it('before a first purchase there was nothing: all of it is new', async () => {
  const { answer } = await comeBack({ known: null, visit: { kind: 'checkout' } });
  expect(answer.outcome).toBe('changed');
  expect(kinds(answer)).toEqual(['started']);
});
