/** Why an account and a customer are not linked, in words that name the other account or customer, and the way out. */

import { refusalTexts, type LinkRefusal } from '../accounts/link-refusal.ts';
import type { AccountRef } from '../ledger/account.ts';
import { isLiving } from '../ledger/customers.ts';
import type { BillingStore } from '../ledger/ledger.ts';

type Wanted = AccountRef & { readonly customer: string };

export const customerTaken = (customer: string, owner: AccountRef): string =>
  `${customer} pays for ${owner.host}/${owner.account}, and one customer has one account. First: billhook link ${owner.host} ${owner.account} --unlink`;

/** @param store - knows the account that the customer pays for, and the customer that the account has */
export async function refusalWords(store: BillingStore, wanted: Wanted, refusal: LinkRefusal): Promise<string> {
  const { host, account, customer } = wanted;
  if (refusal === 'customerTaken') {
    const [owner] = await store.customersAmong([customer]);
    if (owner !== undefined) return customerTaken(customer, owner);
  }
  if (refusal === 'accountTaken') {
    const record = await store.findAccount(wanted);
    if (isLiving(record)) {
      return `${host}/${account} is linked to ${record.customer}, and keeps it. To replace it: billhook link ${host} ${account} ${customer} --replace`;
    }
  }
  return refusalTexts[refusal];
}
