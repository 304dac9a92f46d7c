/** The details of a customer that is made for an account: asked of the host, handed on, and not stored. */

import { setTimeout as pause } from 'node:timers/promises';
import type { Config, CustomerDetails } from '../config/config.ts';
import type { AccountRef } from '../ledger/account.ts';
import { describeCause } from '../log.ts';
import { isEmail, isName } from '../tokens/claims.ts';

const limitMs = 5_000;

/**
 * The host's answer, else the token's word; text that is no e-mail or no name is left out. A host's function that fails stops
 * no purchase: Checkout asks for missing details.
 *
 * @returns `null` where nothing is known
 */
export async function customerDetails(
  { onCreateCustomer, log }: Pick<Config, 'onCreateCustomer' | 'log'>,
  { host, account }: AccountRef,
  token: CustomerDetails = {},
): Promise<{ readonly email?: string; readonly name?: string } | null> {
  const { email = token.email, name = token.name } = (await asked()) ?? {};
  const details = { ...(isEmail(email) ? { email } : {}), ...(isName(name) ? { name } : {}) };
  return Object.keys(details).length === 0 ? null : details;

  async function asked(): Promise<CustomerDetails | null | undefined> {
    if (onCreateCustomer === null) return null;
    const answered = new AbortController();
    try {
      const late = pause(limitMs, undefined, { signal: answered.signal, ref: false }).then(() => {
        throw new Error(`onCreateCustomer took longer than ${limitMs / 1000} s`);
      });
      return await Promise.race([late, Promise.resolve().then(() => onCreateCustomer({ host, account }))]);
    } catch (cause) {
      log.warn('customer.details_failed', { host, account, cause: describeCause(cause) });
      return null;
    } finally {
      answered.abort();
    }
  }
}
