import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../server/src/billing/judge/judge.ts';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { anyCustomer, anyPolicy, anyStanding, moment, seeded } from '../fixtures/arbitrary-facts.ts';
import { catalogue, customer, day, hour, noon } from '../fixtures/facts.ts';

const manager = { mayManage: true };
const rank = ({ access }: BillingSnapshot) => ['none', 'readOnly', 'unknown', 'full'].indexOf(access.level);
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

// A failure prints the seed and the path that replays it.
describe(`for any facts, policy and clock (seed ${seeded.seed})`, () => {
  test('never throws, whatever is in the ledger, and its document survives JSON', () => {
    fc.assert(
      fc.property(anyStanding, anyPolicy, moment, (standing, policy, now) => {
        const { snapshot } = judge(standing, policy, catalogue, manager, now);
        expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
      }),
      seeded,
    );
  });

  test('never throws on facts of a wrong shape inside the right one', () => {
    const odd = fc.oneof(fc.double(), fc.constant(Infinity), fc.constant(-0), fc.maxSafeInteger());
    fc.assert(
      fc.property(anyCustomer, odd, odd, odd, (facts, at, amount, now) => {
        const subscriptions = facts.subscriptions.map((each) => ({
          ...each,
          trialEnd: at,
          cancelAt: at,
          openInvoices: each.openInvoices.map((one) => ({ ...one, firstFailedAt: at, amountRemaining: amount })),
        }));
        const standing = {
          linked: true,
          facts: { ...facts, subscriptions },
          fetchedAt: at,
          revision: 'e.1',
          confirmedBy: null,
          staleSince: at,
        };
        expect(() => judge(standing, { ...policyOf(), graceDays: 1e300 }, catalogue, manager, now)).not.toThrow();
      }),
      seeded,
    );
  });

  test('M28 no action without mayManage; with it, each has exactly one target and none is repeated', () => {
    fc.assert(
      fc.property(anyStanding, anyPolicy, moment, (standing, policy, now) => {
        expect(judge(standing, policy, catalogue, { mayManage: false }, now).snapshot.actions).toEqual([]);
        const { snapshot } = judge(standing, policy, catalogue, manager, now);
        const purposes = snapshot.actions.map(({ purpose }) => purpose);
        expect(new Set(purposes).size).toBe(purposes.length);
        const portal = snapshot.actions.some(({ via }) => via === 'portal');
        // No portal without a customer; no invoice page without an invoice; no Checkout for what is not on offer.
        expect(portal && (standing.facts === null || standing.facts.deleted)).toBe(false);
        for (const action of snapshot.actions) {
          if (action.via === 'checkout') expect(snapshot.offers.map(({ id }) => id)).toContain(action.offer);
          if (action.via === 'invoice')
            expect(judge(standing, policy, catalogue, manager, now).invoiceToPay).not.toBeNull();
        }
      }),
      seeded,
    );
  });

  test('the judgement stays the same until nextChangeAt, which lies in the future', () => {
    fc.assert(
      fc.property(
        anyStanding,
        anyPolicy,
        moment,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (standing, policy, now, part) => {
          const first = judge(standing, policy, catalogue, manager, now);
          const next = first.nextChangeAt;
          if (next !== null) expect(next).toBeGreaterThan(now);
          const last = next === null ? now + 1_000 * day : next - 1;
          for (const at of [last, now + Math.floor((last - now) * part)]) {
            expect(judge(standing, policy, catalogue, manager, at)).toEqual(first);
          }
        },
      ),
      seeded,
    );
  });

  test('within the stale limit, time alone never narrows access on facts fetched before the narrowing', () => {
    // Facts as fetched now, then read later: no deadline that passes in between was seen by them. The first such
    // deadline cannot lie before `now`, so for a whole limit nothing may narrow.
    fc.assert(
      fc.property(anyCustomer, anyPolicy, fc.nat(100), (facts, policy, hours) => {
        const standing = { linked: true, facts, fetchedAt: noon, revision: 'e.1', confirmedBy: null, staleSince: null };
        const before = judge(standing, policy, catalogue, manager, noon).snapshot;
        const within = noon + Math.min(hours, policy.staleLimitHours) * hour;
        const after = judge(standing, policy, catalogue, manager, within).snapshot;
        expect(rank(after)).toBeGreaterThanOrEqual(rank(before));
      }),
      seeded,
    );
  });

  test('a later narrowing was announced: access.until, or a stale document', () => {
    fc.assert(
      fc.property(anyCustomer, anyPolicy, fc.nat(400), (facts, policy, hours) => {
        const standing = { linked: true, facts, fetchedAt: noon, revision: 'e.1', confirmedBy: null, staleSince: null };
        const before = judge(standing, policy, catalogue, manager, noon).snapshot;
        const after = judge(standing, policy, catalogue, manager, noon + hours * hour).snapshot;
        if (rank(after) < rank(before)) expect(after.stale).toBe(true);
      }),
      seeded,
    );
  });

  test('terminal is terminal: an ended account stays as it is, at any time', () => {
    fc.assert(
      fc.property(anyCustomer, anyPolicy, moment, (facts, policy, now) => {
        const over = customer(facts.subscriptions.map((each) => ({ ...each, status: 'canceled' })));
        const standing = {
          linked: true,
          facts: over,
          fetchedAt: noon,
          revision: 'e.1',
          confirmedBy: null,
          staleSince: null,
        };
        const { snapshot } = judge(standing, policy, catalogue, manager, now);
        expect(['ended', 'none']).toContain(snapshot.state);
        expect([
          snapshot.renewsAt,
          snapshot.endsAt,
          snapshot.graceEndsAt,
          snapshot.trialEndsAt,
          snapshot.resumesAt,
          snapshot.next,
        ]).toEqual(Array(6).fill(null));
      }),
      seeded,
    );
  });

  test('every date is ISO 8601 in UTC', () => {
    fc.assert(
      fc.property(anyStanding, anyPolicy, moment, (standing, policy, now) => {
        const { snapshot } = judge(standing, policy, catalogue, manager, now);
        const { asOf, renewsAt, endsAt, endedAt, trialEndsAt, resumesAt, graceEndsAt, access, next } = snapshot;
        for (const date of [
          asOf,
          renewsAt,
          endsAt,
          endedAt,
          trialEndsAt,
          resumesAt,
          graceEndsAt,
          access.until,
          next?.at ?? null,
        ]) {
          if (date !== null) expect(date).toMatch(isoTime);
        }
      }),
      seeded,
    );
  });
});

function policyOf() {
  return fc.sample(anyPolicy, { seed: seeded.seed, numRuns: 1 })[0] as typeof anyPolicy extends fc.Arbitrary<infer T>
    ? T
    : never;
}
