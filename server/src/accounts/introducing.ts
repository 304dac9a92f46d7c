/**
 * A customer that a host's token introduces: it is linked where the account has none. One that cannot be linked leaves the
 * account as it is, and readable (L35). Host and ledger then disagree about the account's customer; that is noted, and while
 * it lasts nothing is sold to the account, and its access is `unknown`.
 */

import type { Config } from '../config/config.ts';
import type { AccountRef } from '../ledger/account.ts';
import { isLiving, type CustomerRecord } from '../ledger/customers.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import { isDoubtful, type IntroductionCode, type NotedIntroduction } from '../ledger/links.ts';
import { BillhookError } from '../problem.ts';
import { StripeFailure } from '../stripe/failure.ts';
import { maxTokenLife } from '../tokens/claims.ts';
import { refusalTexts, type CustomerRefusal, type LinkRefusal } from './link-refusal.ts';

const minute = 60_000;
/** An answer of Stripe's about an introduced customer is used for so long: a token is read at every request. */
const checkedForMs = 10 * minute;
/** How often it is noted that a customer is still introduced. */
const seenEveryMs = minute;
/** A doubt outlasts every token that carries it, of a host's clock that is ahead too. */
const doubtLifeMs = maxTokenLife * 1000 + 6 * minute;

export interface CustomerLinks {
  /** Asks Stripe about the customer, and links it. @throws {StripeFailure} when Stripe does not know it, or cannot be asked. */
  link(ref: AccountRef, customer: string): Promise<'linked' | 'alreadyLinked' | LinkRefusal>;
  /** The reason in Stripe's object against the link; `null`: nothing. @throws {StripeFailure} */
  refusalOf(ref: AccountRef, customer: string): Promise<CustomerRefusal | null>;
}

/** The account as it was just read. */
export interface Introduced {
  readonly record: CustomerRecord | null;
  readonly introduced: NotedIntroduction | null;
}

/**
 * @returns whether the account must be read again
 * @throws {BillhookError} `introduction_refused`, where the account has no customer: the introduced one is another host's
 *   or another account's, or of another mode.
 * @throws {StripeFailure} where the account has no customer, when Stripe cannot be asked.
 */
export type Introduce = (
  caller: AccountRef & { readonly introduces: string | null },
  known: Introduced,
) => Promise<boolean>;

export function createIntroduce(config: Config, store: BillingStore, { link, refusalOf }: CustomerLinks): Introduce {
  const { log } = config;
  return async function introduce({ host, account, introduces: customer }, { record, introduced }) {
    if (customer === null) return false;
    const ref = { host, account };
    if (record?.customer === customer) {
      return isLiving(record) ? await agree(ref, introduced) : await note(ref, customer, 'customerDeleted', introduced);
    }
    // The first link stays: a token readable in a browser must not be able to move it.
    return isLiving(record) ? await differ(ref, customer, introduced) : await begin(ref, customer, introduced);
  };

  /** Host and ledger name the same customer. Tokens that name another one may still be under way. */
  async function agree(ref: AccountRef, introduced: NotedIntroduction | null): Promise<boolean> {
    if (introduced === null || !isDoubtful(introduced) || config.now() - introduced.seenAt <= doubtLifeMs) return false;
    await store.forgetIntroduction(ref);
    log.info('link.agreed', { ...ref, audit: true });
    return true;
  }

  /** The account has another customer. */
  async function differ(ref: AccountRef, customer: string, introduced: NotedIntroduction | null): Promise<boolean> {
    try {
      const code = remembered(customer, introduced) ?? (await codeOf(ref, customer));
      return await note(ref, customer, code, introduced);
    } catch (cause) {
      if (!(cause instanceof StripeFailure)) throw cause;
      // Nothing can be said of the introduced customer now. The account's own facts stay readable.
      log.warn('link.unchecked', { ...ref, customer, code: cause.code });
      return false;
    }
  }

  /** The account has no customer, or none any more. */
  async function begin(ref: AccountRef, customer: string, introduced: NotedIntroduction | null): Promise<boolean> {
    let code = remembered(customer, introduced);
    // Of another time, when the account had a customer.
    if (code === 'accountTaken') code = null;
    if (code === null) {
      const outcome = await linkOrMissing(ref, customer);
      if (outcome === 'linked' || outcome === 'alreadyLinked') {
        if (introduced !== null) await store.forgetIntroduction(ref);
        return true;
      }
      code = outcome;
    }
    const noted = await note(ref, customer, code, introduced);
    // Nothing that was paid for is withheld: the account has no customer, and this one is not its.
    if (code !== 'customerDeleted' && code !== 'stripe_customer_missing' && code !== 'accountTaken') {
      throw new BillhookError('introduction_refused', { detail: refusalTexts[code] });
    }
    return noted || code === 'accountTaken';
  }

  /** The finding about the customer of a short while ago. A deleted one stays deleted. */
  function remembered(customer: string, introduced: NotedIntroduction | null): IntroductionCode | null {
    if (introduced?.customer !== customer) return null;
    const { code, checkedAt } = introduced;
    return code === 'customerDeleted' || config.now() - checkedAt < checkedForMs ? code : null;
  }

  async function linkOrMissing(ref: AccountRef, customer: string) {
    try {
      return await link(ref, customer);
    } catch (cause) {
      return missing(cause);
    }
  }

  /** Why the account, which has another customer, does not have this one. The ledger may know without asking Stripe. */
  async function codeOf(ref: AccountRef, customer: string): Promise<IntroductionCode> {
    const [known] = await store.customersAmong([customer]);
    if (known !== undefined) return isLiving(known) ? 'customerTaken' : 'customerDeleted';
    try {
      const refusal = await refusalOf(ref, customer);
      return refusal ?? 'accountTaken';
    } catch (cause) {
      return missing(cause);
    }
  }

  async function note(
    ref: AccountRef,
    customer: string,
    code: IntroductionCode,
    introduced: NotedIntroduction | null,
  ): Promise<boolean> {
    const now = config.now();
    const same = introduced?.customer === customer && introduced.code === code ? introduced : null;
    const deleted = code === 'customerDeleted';
    // A doubt is not over because another token names a customer that is gone.
    if (deleted && (same !== null || (isDoubtful(introduced) && introduced?.customer !== customer))) return false;
    const checkedAt = same !== null && now - same.checkedAt < checkedForMs ? same.checkedAt : now;
    if (same !== null && checkedAt === same.checkedAt && now - same.seenAt < seenEveryMs) return false;
    await store.noteIntroduction(ref, customer, code, checkedAt, now);
    if (same === null)
      log.warn(deleted ? 'link.deleted_introduced' : 'link.differs', { ...ref, customer, code, audit: true });
    return same === null;
  }
}

function missing(cause: unknown): 'stripe_customer_missing' {
  if (cause instanceof StripeFailure && cause.code === 'stripe_customer_missing') return cause.code;
  throw cause;
}
