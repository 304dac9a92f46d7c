/** Do host and ledger agree about the accounts' customers? */

import type { BillingStore } from '../../ledger/ledger.ts';
import type { DoubtfulAccount, IntroductionCode } from '../../ledger/links.ts';
import { warn, type Diagnosis } from './diagnosis.ts';
import { printable } from '../printable.ts';

/** Accounts that are named. */
const named = 5;

const because: Record<IntroductionCode, string> = {
  accountTaken: 'another living customer is introduced',
  customerTaken: 'the introduced customer pays for another account',
  customerDeleted: 'the introduced customer is deleted',
  livemode_mismatch: 'the introduced customer is of another mode',
  host_mismatch: 'the introduced customer’s metadata names another host',
  account_mismatch: 'the introduced customer’s metadata names another account',
  stripe_customer_missing: 'Stripe does not know the introduced customer',
};

export async function diagnoseLinks(store: BillingStore): Promise<Diagnosis[]> {
  const { count, accounts } = await store.doubtfulAccounts(named);
  if (count === 0) return [];
  const taken = accounts.filter(({ code }) => code === 'customerTaken').map(({ introduced }) => introduced);
  const owners = taken.length === 0 ? [] : await store.customersAmong(taken);
  const textOf = ({ host, account, customer, introduced, code }: DoubtfulAccount): string => {
    const owner = code === 'customerTaken' ? owners.find((each) => each.customer === introduced) : undefined;
    const by = owner === undefined ? '' : ` (${owner.host}/${owner.account})`;
    return `${host}/${account} has ${customer ?? 'none'} and is introduced as ${introduced}, ${because[code]}${by}`;
  };
  const more = count > accounts.length ? `; and ${count - accounts.length} more` : '';
  const subject = count === 1 ? 'the customer of 1 account is' : `the customers of ${count} accounts are`;
  return [
    warn(
      'links',
      printable(`${subject} in doubt, so nothing is sold to it: ${accounts.map(textOf).join('; ')}${more}`),
      'Let the host introduce the account’s own customer, or none; or move the link: billhook link <host> <account> <customer> --replace. One customer pays for one account.',
    ),
  ];
}
