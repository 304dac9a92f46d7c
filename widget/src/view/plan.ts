/** Pure: a plan's name, price and state, and the next steps, one sentence each. */
import type {
  BillingSnapshot,
  BillingState,
  Discount,
  Money,
  Plan,
  ScheduledChange,
  SubscriptionSummary,
} from '../contract.ts';
import type { WordKey } from '../i18n/localizer.ts';
import { accessWords } from './banner.ts';
import { daysUntil, joined, nameOf, paragraph, type Told, type Tone } from './told.ts';

export interface PlanView {
  readonly name: string;
  /** "$23.20", "$29" before a discount, "per month", "plus tax". */
  readonly price: {
    readonly amount: string;
    readonly before: string;
    readonly per: string;
    readonly notes: string;
  } | null;
  readonly status: { readonly label: string; readonly tone: Tone } | null;
  /** When it renews, ends, changes: one sentence each. */
  readonly lines: readonly string[];
}

type Subscribed = BillingSnapshot | SubscriptionSummary;

const tones: Readonly<Record<BillingState, Tone>> = {
  unknown: 'neutral',
  none: 'neutral',
  ended: 'neutral',
  active: 'positive',
  trialing: 'info',
  ending: 'caution',
  paused: 'neutral',
  processing: 'info',
  incomplete: 'caution',
  actionRequired: 'caution',
  pastDue: 'critical',
  restricted: 'critical',
};

/** With nothing living the host's free plan stands, without a price or a pill; and the plan before it. */
export function freePlanView(name: string, { snapshot: { plan, endedAt }, term }: Told): PlanView {
  const ended = plan && term('planEnded', { plan: plan.name, date: endedAt });
  return { name, price: null, status: null, lines: ended ? [ended] : [] };
}

export function planView(plan: Plan | null, of: Subscribed | null, told: Told): PlanView {
  const { term } = told;
  // A state of the future has no label; its plan and "manage" are shown. Having no plan says it all.
  const stage = of?.payment.problem === 'methodMissing' ? 'trialOver' : of?.state;
  const label = stage && stage !== 'none' && term(`state.${stage}` as WordKey);
  // No more is charged after the end, or for a trial that was canceled.
  const isOver = of?.state === 'ended' || (of?.state === 'ending' && of.trialEndsAt);
  return {
    name: plan || of !== told.snapshot ? nameOf(plan, told) : term('noPlan'),
    price: plan && !isOver ? priceView(plan, told) : null,
    status: of && label ? { label, tone: tones[of.state] ?? 'neutral' } : null,
    // A state of a later version has no lines.
    lines: of ? (lines[of.state] ?? []).flatMap((line) => line(of, told) || []) : [],
  };
}

/** Of several items their sum, where there is one; below it the main one's own price. */
function priceView(plan: Plan, told: Told): NonNullable<PlanView['price']> {
  const { interval, intervalCount, quantity, taxExcluded, metered, otherItems, unit, total } = plan;
  const { price, discounted, discount } = total ?? plan;
  const { term } = told;
  const perUnit = unit && term('perUnit', { unit });
  const count = quantity ?? 1;
  const notes = joined(
    count > 1 && paragraph(seats(count, plan.price, told), perUnit),
    discounted && (discount ? discountWords(discount, told) : term('beforeDiscount')),
    taxExcluded && term('plusTax'),
    metered && price && term('plusUsage'),
    otherItems > 0 && term('otherItems', { count: otherItems }),
  );
  const short = (money: Money | null | undefined) => (money ? told.money(money, 'short') : '');
  const lowered = discounted ? discount?.price : null;
  return {
    amount: short(lowered ?? price),
    before: short(lowered && price),
    per: price
      ? paragraph(count < 2 && !total && perUnit, interval && told.interval(interval, intervalCount))
      : metered
        ? term('usage')
        : '',
    notes,
  };
}

/** "20% off until March 3", or by how much. */
function discountWords({ percentOff, amountOff, until, once }: Discount, told: Told): string {
  const values = { off: percentOff === null ? amountOff : percent(percentOff, told), date: until };
  return told.term(once ? 'discountOnce' : until ? 'discountUntil' : 'discount', values);
}

export const percent = (value: number, { number }: Told): string =>
  number(value / 100, { style: 'percent', maximumFractionDigits: 2 });

/** "5 × €29", where the amount is one price times the quantity. */
function seats(count: number, price: Money | null, { term, number, money }: Told): string {
  const amount = price ? price.amount / count : NaN;
  return price && Number.isInteger(amount)
    ? `${number(count)} × ${money({ ...price, amount }, 'short')}`
    : term('quantity', { count });
}

type Line = (of: Subscribed, told: Told) => string | null | false;

const dated =
  (key: WordKey, field: 'endedAt' | 'endsAt' | 'renewsAt' | 'resumesAt'): Line =>
  ({ [field]: date }, { term }) =>
    date && term(key, { date });
const renews = dated('renewsOn', 'renewsAt');
const ends = dated('endsOn', 'endsAt');

function nextLine(next: ScheduledChange | null, told: Told): string | null {
  if (!next) return null;
  const { name, price } = planView(next.plan, null, told);
  const cost = price?.amount ? ` (${price.amount} ${price.per})` : '';
  return told.term('changesTo', { plan: name + cost, date: next.at });
}

/** Of several subscriptions each tells its own debt; of one the banner does. The amount is for those who may pay. */
const due: Line = (of, { term, snapshot }) => {
  if (of === snapshot) return null;
  const { problem, due: amount } = of.payment;
  return problem === 'methodMissing' ? term('trialOver') : snapshot.mayManage && term('amountOpen', { amount });
};

const trialEnds: Line = ({ trialEndsAt: date }, told) =>
  date && told.term('trialEndsOn', { date, left: daysUntil(date, told) });

/** The first charge, as far as the price alone can tell it; where nothing will be charged, no card is asked for (F11). */
const afterTrial: Line = ({ plan, payment, next }, told) => {
  if (next) return payment.methodOnFile && nextLine(next, told);
  const { price, discounted, discount } = plan?.total ?? plan ?? ({} as Partial<Plan>);
  if (price?.amount === 0 && !plan?.metered) return null;
  if (!payment.methodOnFile) return payment.methodNeeded !== false && told.term('trialNeedsMethod');
  if (!plan || !price || (discounted && !discount)) return null;
  const { amount, per } = priceView(plan, told);
  return told.term('trialThen', { price: `${amount} ${per}` });
};

const keepsAccess: Line = ({ endsAt, plan, payment }, { term }) =>
  endsAt && paragraph(term('accessUntilThen'), !plan?.metered && !payment.due && term('notChargedAgain'));

/** The meaning of a pause: nothing is charged, and access is as the host grants it. */
const pauseMeans: Line = (_, told) => {
  const { level } = told.snapshot.access;
  return paragraph(
    told.term('notCharged'),
    level === 'readOnly' ? told.term('pausedReadOnly') : level === 'none' ? told.term('pausedNone') : accessWords(told),
  );
};

const owes = [due, ends];

const lines: Readonly<Record<BillingState, readonly Line[]>> = {
  unknown: [],
  none: [],
  ended: [dated('endedOn', 'endedAt')],
  // One date is enough where a change comes with the renewal. A contract with a last day renews until then (F25).
  active: [(of, told) => nextLine(of.next, told) ?? renews(of, told), ends],
  trialing: [trialEnds, afterTrial, ends],
  ending: [ends, keepsAccess],
  // Until its end, one that was canceled may be paused, or owe.
  paused: [dated('resumesOn', 'resumesAt'), ends, pauseMeans],
  processing: [renews, ends],
  incomplete: owes,
  actionRequired: owes,
  pastDue: owes,
  restricted: owes,
};
