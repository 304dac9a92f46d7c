/** The notices that a host receives: each type with its data. */

import type { AccessAnswer, AccessItem, AccessLevel, Plan, Money, Payment } from '@billhook/widget/contract';

/** Of which subscription: opaque and stable, the `key` in the snapshot; and its plan, as it is now. */
export interface OfSubscription {
  readonly subscription: string;
  readonly plan: Plan | null;
}

/**
 * What a backend acts upon, of the access answer: whatever of it changes is told. Left out is what is no change of the
 * account's rights (when it was looked at, a renewal's date), and every id of Stripe's.
 */
export interface AccessSummary extends Pick<
  AccessAnswer,
  'level' | 'reason' | 'until' | 'state' | 'features' | 'seats'
> {
  /** The host's own plans that are not over, in an order that does not change with their states. */
  readonly plans: readonly {
    readonly subscription: string;
    readonly state: AccessAnswer['state'];
    readonly access: AccessLevel;
    readonly items: readonly Pick<AccessItem, 'plan' | 'quantity'>[];
  }[];
}

/** The data of each notice. Times are ISO 8601, money is in minor units; nothing here is an id of Stripe's or personal. */
export interface NoticeData {
  /** Bought, or begun as a trial. */
  readonly 'subscription.started': OfSubscription & { readonly trialEndsAt: string | null };
  /** Another product, price, rhythm or quantity. `to` is the plan now. */
  readonly 'plan.changed': { readonly subscription: string; readonly from: Plan; readonly to: Plan };
  /** Three days before a trial ends; at once for one that is shorter. `endsAt`: it will not go on after the trial. */
  readonly 'trial.ending': OfSubscription & {
    readonly trialEndsAt: string;
    readonly endsAt: string | null;
    readonly methodOnFile: boolean;
  };
  /** An invoice could not be collected. Its next attempts are no news. */
  readonly 'payment.failed': OfSubscription & {
    /** Open on this invoice. */
    readonly due: Money;
    readonly problem: NonNullable<Payment['problem']>;
    readonly nextAttemptAt: string | null;
    /** Until when access stays full, by the host's own grace. */
    readonly graceEndsAt: string | null;
  };
  /**
   * A failed debt is settled, or paid as far as Stripe asks for it. `paid` is the part really paid of it, `null` when the
   * debt was dropped; `due` is the part that is open still.
   */
  readonly 'payment.recovered': OfSubscription & { readonly paid: Money | null; readonly due: Money | null };
  /** It is in its last period: a cancellation was decided, or moved to another day, or a contract comes to its end. */
  readonly 'subscription.ending': OfSubscription & { readonly endsAt: string | null };
  /** The cancellation was taken back. */
  readonly 'subscription.kept': OfSubscription;
  readonly 'subscription.ended': OfSubscription & {
    readonly endedAt: string | null;
    readonly reason: 'requested' | 'paymentFailed' | 'paymentDisputed' | 'customerDeleted' | 'other';
  };
  /** Paused by choice, or until another day. */
  readonly 'subscription.paused': OfSubscription & { readonly resumesAt: string | null };
  readonly 'subscription.resumed': OfSubscription;
  /**
   * The account may use something else than was told last, or stands in another state, whatever the cause: a payment, a
   * pause, a plan, the host's own rules, or time alone. `from` is the `to` of the notice before, so nothing lies between.
   */
  readonly 'access.changed': { readonly from: AccessSummary; readonly to: AccessSummary };
  /** The customer was deleted at Stripe; the account can have a new one. */
  readonly 'customer.deleted': Readonly<Record<string, never>>;
}

export type NoticeType = keyof NoticeData;

type EachType<Envelope extends object> = {
  [Type in NoticeType]: { readonly type: Type; readonly data: NoticeData[Type] } & Envelope;
}[NoticeType];

/** A host's news: the argument of `onChange`, and the body of the webhook. */
export type Notice = EachType<{
  /** The same however often it is delivered: skip one that was seen before. */
  readonly id: string;
  /** When Billhook saw it: ISO 8601. */
  readonly timestamp: string;
  readonly host: string;
  readonly account: string;
  /** The snapshot's revision since which it is so. */
  readonly revision: string;
  /** The account's access and purchases, as they are at this delivery: a later notice never says an earlier truth. */
  readonly access: AccessAnswer;
}>;

/** A notice before the ledger takes it. Never leaves the server as it is: `fact` is made of Stripe's ids. */
export type NoticeDraft = EachType<{
  readonly fact: string;
  /** There can be only one such fact for this customer. Otherwise each look that finds it finds another. */
  readonly once: boolean;
}>;

export interface SyncTimes {
  /** Unix milliseconds of the look before; for a first look, when the account was linked; `null`: unknown. */
  readonly before: number | null;
  /** Unix milliseconds of this look. */
  readonly after: number;
}
