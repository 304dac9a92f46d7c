/** The events of a history and their frequencies: at Stripe, to webhooks on the way, and in the ledger's processes. */

import * as fc from 'fast-check';
import { ployOf } from './adversarial.ts';
import { actions, type ActionName } from './stripe-actions.ts';

export const accounts = ['team_1', 'team_2'] as const;

const seconds = 1_000;
const hours = 60 * 60 * seconds;
const days = 24 * hours;

export type Fault = 'rateLimited' | 'serverError' | 'html' | 'halfBody' | 'reset' | 'timeout' | 'missing';

/** Moments at which a history may begin: the usual one, and those at which calendars and clocks are odd. */
export const beginnings = {
  usual: Date.UTC(2026, 2, 1, 12),
  monthEnd: Date.UTC(2026, 0, 31, 23, 30),
  leapDay: Date.UTC(2028, 1, 28, 23, 30),
  yearEnd: Date.UTC(2026, 11, 31, 23, 30),
  /** An hour before Europe's clocks are set. */
  summerTime: Date.UTC(2026, 2, 29),
  winterTime: Date.UTC(2026, 9, 25),
} as const;

export type Happening =
  /** Something happens to an account's customer at Stripe. */
  | { readonly is: 'stripe'; readonly account: number; readonly action: ActionName; readonly n: number }
  | { readonly is: 'time'; readonly ms: number }
  /** Deliveries arrive, at the same moment when there are several; each also under a second id when `twice`. */
  | { readonly is: 'deliver'; readonly mail: readonly number[]; readonly to: number; readonly twice: boolean }
  /** Something that has arrived arrives again. */
  | { readonly is: 'again'; readonly mail: number; readonly to: number }
  | { readonly is: 'lose'; readonly mail: number; readonly noticed: boolean }
  /** Waiting steps of any process are carried out. */
  | { readonly is: 'go'; readonly picks: readonly number[] }
  /** One process alone goes on: until it waits for Stripe's answer, or gets it, or so many steps. */
  | { readonly is: 'work'; readonly process: number; readonly until: 'asks' | 'answered' | number }
  /** From here on a process is slow at one kind of step that it waits for now; `null`: no more. */
  | { readonly is: 'slow'; readonly process: number; readonly at: number | null }
  /** A process is killed, at once or after a step that it never gets to know of. */
  | { readonly is: 'crash'; readonly process: number; readonly after: number | null }
  | { readonly is: 'start'; readonly process: number }
  /** A machine's clock is set: so many milliseconds ahead of the right time, or behind it. */
  | { readonly is: 'clock'; readonly process: number; readonly offMs: number }
  /** A process stands still, or goes on after that. */
  | { readonly is: 'freeze'; readonly process: number; readonly isFrozen: boolean }
  /** An operator copies the ledger, or stops all processes, puts the last copy in its place and starts them again. */
  | { readonly is: 'copy' }
  | { readonly is: 'restore' }
  /** The next requests to Stripe go wrong. */
  | { readonly is: 'fault'; readonly fault: Fault; readonly times: number }
  | { readonly is: 'link'; readonly account: number; readonly by: number }
  /** The account gets a new customer at Stripe, after the last one was deleted. */
  | { readonly is: 'newCustomer'; readonly account: number }
  /** A page of the account goes to Stripe's portal. */
  | { readonly is: 'open'; readonly account: number; readonly by: number }
  /** Some trip's page asks what came of it, in one tab or another: after its return, or once more. */
  | { readonly is: 'return'; readonly visits: readonly number[]; readonly by: number }
  | { readonly is: 'heal'; readonly process: number; readonly how: 'sweep' | 'reconcile' };

export interface History {
  readonly processes: number;
  readonly keepsCopies: boolean;
  readonly startsAt: keyof typeof beginnings;
  /** How far the accounts are when it begins: `linked` and looked at, `subscribed` besides. */
  readonly begins: 'withNothing' | 'linked' | 'subscribed';
  /** As what Stripe sends its events. */
  readonly sends: 'snapshots' | 'thin' | 'both';
  readonly happenings: readonly Happening[];
}

const one = <const T>(...values: readonly T[]) => fc.constantFrom(...values);

const small = fc.nat(30);
/** Mostly the same one: events of two accounts do not interfere. */
const account = one(0, 0, 0, 1);
const process = fc.nat(2);

const rare: readonly ActionName[] = ['delete', 'renameProduct', 'void'];
const common = (Object.keys(actions) as ActionName[]).filter((name) => !rare.includes(name));
const action = fc.oneof(
  { weight: 3, arbitrary: one<ActionName>('subscribe', 'trial', 'checkout') },
  { weight: 12, arbitrary: one(...common) },
  { weight: 1, arbitrary: one(...rare) },
);
const ms = fc.oneof(
  { weight: 6, arbitrary: one(1 * seconds, 3 * seconds, 9 * seconds) },
  { weight: 3, arbitrary: one(60 * seconds, 2 * hours) },
  { weight: 4, arbitrary: one(1 * days, 3 * days, 8 * days, 31 * days) },
);

/** The furthest that a clock is ahead, in milliseconds; one that is set back may be behind by a day. */
export const furthestAheadMs = 7 * 60 * seconds;
const offMs = one(0, 120 * seconds, furthestAheadMs, -120 * seconds, -1 * hours, -1 * hours, -1 * days);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 22, arbitrary: fc.record({ is: one('stripe'), account, action, n: small }) },
  { weight: 8, arbitrary: fc.record({ is: one('time'), ms }) },
  {
    weight: 22,
    arbitrary: fc.record({
      is: one('deliver'),
      mail: fc.array(small, { minLength: 1, maxLength: 6 }),
      to: process,
      twice: one(false, false, false, true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: one('again'), mail: small, to: process }) },
  { weight: 3, arbitrary: fc.record({ is: one('lose'), mail: small, noticed: fc.boolean() }) },
  { weight: 36, arbitrary: fc.record({ is: one('go'), picks: fc.array(small, { minLength: 1, maxLength: 12 }) }) },
  { weight: 14, arbitrary: fc.record({ is: one('slow'), process, at: fc.option(small, { freq: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ is: one('crash'), process, after: fc.option(small, { freq: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ is: one('start'), process }) },
  { weight: 7, arbitrary: fc.record({ is: one('clock'), process, offMs }) },
  { weight: 4, arbitrary: fc.record({ is: one('freeze'), process, isFrozen: one(true, false) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      is: one('fault'),
      fault: one<Fault>('rateLimited', 'serverError', 'html', 'halfBody', 'reset', 'timeout', 'missing'),
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ is: one('link'), account, by: process }) },
  { weight: 4, arbitrary: fc.record({ is: one('open'), account, by: process }) },
  {
    weight: 8,
    arbitrary: fc.record({
      is: one('return'),
      visits: fc.array(small, { minLength: 1, maxLength: 4 }),
      by: process,
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: one('newCustomer'), account }) },
  { weight: 1, arbitrary: fc.record({ is: one('heal'), process, how: one('sweep', 'reconcile') }) },
);

const operation: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ is: one('copy') }) },
  { weight: 2, arbitrary: fc.record({ is: one('restore') }) },
);

const historiesThat = (keepsCopies: boolean): fc.Arbitrary<History> =>
  fc.record({
    keepsCopies: one(keepsCopies),
    processes: one(1, 2, 2, 3),
    startsAt: one<keyof typeof beginnings>(
      'usual',
      'usual',
      'monthEnd',
      'leapDay',
      'yearEnd',
      'summerTime',
      'winterTime',
    ),
    begins: one('withNothing', 'linked', 'subscribed', 'subscribed'),
    sends: one('snapshots', 'snapshots', 'snapshots', 'thin', 'both'),
    happenings: fc
      .array(
        fc.oneof(
          { weight: 8, arbitrary: happening.map((each): readonly Happening[] => [each]) },
          { weight: 1, arbitrary: ployOf({ account, process }) },
          ...(keepsCopies ? [{ weight: 1, arbitrary: operation.map((each): readonly Happening[] => [each]) }] : []),
        ),
        { minLength: 10, maxLength: 40, size: 'max' },
      )
      .map((parts) => parts.flat()),
  });

/** Of some the ledger is a file, which is slower. */
export const histories: fc.Arbitrary<History> = fc.oneof(
  { weight: 5, arbitrary: historiesThat(false) },
  { weight: 1, arbitrary: historiesThat(true) },
);
