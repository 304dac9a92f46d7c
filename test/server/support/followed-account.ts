/**
 * The account of the seeded active subscription, followed by its host while the catalogue at Stripe changes: its access
 * document once it is so, and the notices that the host hears meanwhile.
 */

import type { Stripe } from 'stripe';
import type { Notice } from '@billhook/server';
import type { AccessAnswer } from '@billhook/widget/contract';
import type { TestOptions } from './bff.ts';
import { startBffHarness, type BffHarness } from './with-sandbox.ts';

export interface FollowedAccount {
  readonly harness: BffHarness;
  readonly account: string;
  /** As the host's own process asks. */
  access(): Promise<AccessAnswer>;
  /** Waits for the access document, which the worker writes; the test's own time limit is the limit. */
  accessWhen(isSo: (answer: AccessAnswer) => boolean): Promise<AccessAnswer>;
  /** The subscription, and its item that the seed bought. */
  bought(): Promise<Bought>;
  /** Has the customer fetched again, as any webhook of it does: a price tells nothing to those who bought it. */
  look(): Promise<void>;
  /** The notices since they were asked for last. */
  heard(): Notice[];
  /** The same, once an `access.changed` is among them whose access is so. */
  heardOf(isLast: (access: AccessAnswer) => boolean): Promise<Notice[]>;
  close(): Promise<void>;
}

export interface Bought {
  readonly subscription: Stripe.Subscription;
  readonly item: Stripe.SubscriptionItem;
  readonly price: Stripe.Price;
  readonly product: string;
}

const account = 'team_active';
const seededAmount = 2_900;

/** @param host - more of the host: its plans, say */
export async function followAccount(host: TestOptions['host'] = {}): Promise<FollowedAccount> {
  let notices: Notice[] = [];
  let hear: (() => void) | null = null;
  const onChange = (notice: Notice) => {
    if (notice.account !== account) return;
    notices.push(notice);
    hear?.();
  };
  const harness = await startBffHarness({ host, onChange });
  await harness.bff.snapshot(harness.as('active'));

  const access = () => harness.bff.billhook.access(account);
  const heard = () => {
    const all = notices;
    notices = [];
    return all;
  };
  const bought = async (): Promise<Bought> => {
    const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers.active });
    const [subscription] = data;
    const item = subscription?.items.data.find(({ price }) => price.unit_amount === seededAmount);
    if (!subscription || !item) throw new Error('the seed has changed');
    return { subscription, item, price: item.price, product: String(item.price.product) };
  };
  let looks = 0;

  return {
    harness,
    account,
    access,
    bought,
    heard,

    async accessWhen(isSo) {
      await harness.sandbox.deliveries.settled();
      for (;;) {
        const answer = await access();
        if (isSo(answer) && !answer.stale) return answer;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },

    async look() {
      const { subscription } = await bought();
      await harness.stripe.subscriptions.update(subscription.id, { metadata: { looked: String((looks += 1)) } });
    },

    async heardOf(isLast) {
      while (!notices.some(({ type, access: given }) => type === 'access.changed' && given !== null && isLast(given))) {
        await new Promise<void>((resolve) => {
          hear = resolve;
        });
      }
      return heard();
    },

    close: () => harness.close(),
  };
}
