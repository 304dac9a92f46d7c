/**
 * A BFF that is compared, known by its addresses alone: webhooks come in at one, a host's backend asks the other. Any
 * implementation that serves `GET /v1/access` can stand here.
 */

import type { AccessAnswer } from '@billhook/widget/contract';

export interface Contender {
  readonly name: string;
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** Mints a token of the scope `access`, which introduces the account's customer. */
  token(account: string, customer: string): Promise<string>;
  /** Milliseconds until an answer counts as final; 0 where it works before it answers a delivery. */
  readonly settlesMs: number;
  /** The operator's daily repair, where there is one. */
  readonly repair?: () => Promise<void>;
  close(): Promise<void>;
}

/** Stripe's side, as a contender is configured with it. */
export interface StripeAccess {
  readonly secretKey: string;
  readonly apiUrl: string;
  readonly webhookSecret: string;
  /** Lookup keys of the host's plans, which are their names too. */
  readonly plans: readonly string[];
}

export const webhookPath = '/v1/webhooks/stripe';

/** The plans that an account may use now, with seats: `['team × 3']`. */
export async function grantedBy(contender: Contender, account: string, customer: string): Promise<string[]> {
  const response = await fetch(`${contender.url}/v1/access`, {
    headers: { authorization: `Bearer ${await contender.token(account, customer)}` },
  });
  if (response.status !== 200)
    throw new Error(`${contender.name} answered ${response.status} ${await response.text()}`);
  const { plans } = (await response.json()) as Pick<AccessAnswer, 'plans'>;
  return plans
    .filter(({ listed, access }) => listed && access.level !== 'none')
    .flatMap(({ items }) => items.map(({ plan, quantity }) => `${plan} × ${quantity}`))
    .toSorted();
}
