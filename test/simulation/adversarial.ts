/** Sequences that an adversary would choose, and that chance alone would seldom produce. */

import * as fc from 'fast-check';
import type { Happening } from './history.ts';
import type { ActionName } from './stripe-actions.ts';

/** Each makes few events, so that nothing else makes good for one that was lost. */
const quick = fc.constantFrom<ActionName>('quantity', 'address', 'cancelAtEnd', 'plan', 'workingCard');

/** Longer than a lease, shorter than a request to Stripe may take. */
const leaseEnds: Happening = { is: 'time', ms: 3_000 };

const change = (account: number, action: ActionName, n: number): Happening => ({ is: 'stripe', account, action, n });
const deliver = (to: number): Happening => ({ is: 'deliver', mail: [-1, -1, -1], to, twice: false });
const arrives = (to: number): Happening[] => [deliver(to), works(to, 4)];
const works = (process: number, until: 'asks' | 'answered' | number): Happening => ({ is: 'work', process, until });
const crashes = (process: number, after: number): Happening[] => [
  { is: 'crash', process, after },
  { is: 'start', process },
  works(process, 40),
];

export function ployOf(of: {
  readonly account: fc.Arbitrary<number>;
  readonly process: fc.Arbitrary<number>;
}): fc.Arbitrary<readonly Happening[]> {
  return fc
    .record({ ...of, actions: fc.tuple(quick, quick, quick), n: fc.nat(30) })
    .chain(({ account, process, actions, n }) => {
      const [one, other] = [process, process + 1];
      const [first, second, third] = actions.map((action, turn) => change(account, action, n + turn)) as [
        Happening,
        Happening,
        Happening,
      ];
      return fc.constantFrom<readonly Happening[]>(
        overtakenByChange(first, second, one, other),
        overtakenByWorker(first, second, third, one, other),
        // It dies between the fetch and the write, or between the record and the answer.
        [first, ...arrives(one), works(one, 'asks'), works(one, 'answered'), ...crashes(one, n)],
        [first, deliver(one), ...crashes(one, n)],
        outage(first, one),
        severalDebts(account, one, n),
        returnsDuringLook(first, account, one, other),
      );
    });
}

/** A change while the answer is on its way: the fetched facts are old before they are written. */
const overtakenByChange = (first: Happening, second: Happening, one: number, other: number): Happening[] => [
  first,
  ...arrives(one),
  works(one, 'asks'),
  works(one, 'answered'),
  second,
  ...arrives(other),
  works(one, 14),
  works(other, 14),
];

/** A lease runs out under a slow fetch; the worker that comes after asks first, and writes last. */
const overtakenByWorker = (
  first: Happening,
  second: Happening,
  third: Happening,
  one: number,
  other: number,
): Happening[] => [
  first,
  ...arrives(one),
  works(one, 'asks'),
  second,
  ...arrives(other),
  leaseEnds,
  works(other, 'asks'),
  works(other, 'answered'),
  third,
  works(one, 'answered'),
  works(one, 14),
  works(other, 14),
];

/** Two subscriptions that cannot be charged, an invoice by hand, and one of the debts is paid. */
const severalDebts = (account: number, one: number, n: number): Happening[] => [
  change(account, 'subscribe', n),
  change(account, 'subscribe', n + 1),
  change(account, 'failingCard', n),
  change(account, 'oneOffInvoice', n),
  { is: 'time', ms: (31 + (n % 4)) * 24 * 60 * 60_000 },
  ...arrives(one),
  works(one, 30),
  change(account, 'workingCard', n),
  change(account, 'pay', n),
  ...arrives(one),
];

/** Tabs that come back, and ask again, while a look that began before is under way. */
const returnsDuringLook = (first: Happening, account: number, one: number, other: number): Happening[] => {
  const opens: Happening = { is: 'open', account, by: one };
  const returns: Happening = { is: 'return', visits: [-1, -2], by: other };
  return [
    opens,
    works(one, 4),
    opens,
    works(one, 4),
    first,
    ...arrives(one),
    works(one, 'asks'),
    returns,
    works(other, 12),
    returns,
    works(other, 12),
    works(one, 'answered'),
    works(one, 14),
    returns,
    works(other, 14),
  ];
};

/** Stripe is down for longer than any row of attempts. */
const outage = (first: Happening, one: number): Happening[] => [
  { is: 'fault', fault: 'serverError', times: 9 },
  first,
  ...arrives(one),
  ...[1, 2, 3, 4].flatMap((): Happening[] => [works(one, 30), { is: 'time', ms: 9_000 }]),
];
