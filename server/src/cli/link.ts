/** `billhook link`: an operator decides which Stripe customer an account has. */

import type { BillhookOptions } from '../config/config.ts';
import { createLinking } from '../accounts/linking.ts';
import { refusalTexts } from '../accounts/link-refusal.ts';
import { createRelink, type LinkRequest } from '../accounts/relinking.ts';
import { isTerminal } from '../billing/judge/subscription.ts';
import type { CustomerRecord } from '../ledger/customers.ts';
import type { AccountRef } from '../ledger/account.ts';
import { openServices } from '../services.ts';
import { accountMust, customerMust, isAccount, isCustomer } from '../tokens/claims.ts';
import { misused, parse, type Output } from './args.ts';
import { customerTaken } from './link-words.ts';
import { patiently, whileLimited } from './patiently.ts';
import { printable } from './printable.ts';

export const linkUsage = `billhook link <host> <account> <customer> [--replace]
billhook link <host> <account> --unlink

  Links an account to its Stripe customer, or ends a doubt about it: while a host introduces another customer than the
  account is linked to, nothing is sold to the account and its access is unknown. Stripe is asked about the customer
  first. Every change is kept in the account's timeline.

  --replace    put the customer in the place of the one that the account has; its facts are fetched anew
  --unlink     take the customer from the account, so that it can be linked to another

  The exit code is 0, 1 when the link was refused, 2 when the command line is wrong.
`;

/**
 * @param args - the arguments after `link` on the command line
 * @returns The exit code.
 */
export async function linkAccount(args: readonly string[], options: BillhookOptions, output: Output): Promise<number> {
  const flags = { replace: { type: 'boolean', default: false }, unlink: { type: 'boolean', default: false } } as const;
  const spec = { name: 'link', usage: linkUsage, options: flags, operands: ['a host', 'an account', 'a customer'] };
  const parsed = parse(args, { ...spec, optionalOperands: 1 }, output);
  if (parsed.exitCode !== null) return parsed.exitCode;
  const { replace, unlink } = parsed.values;
  const [host = '', account = '', customer] = parsed.operands;
  const wrong = mistake(account, customer, replace, unlink);
  if (wrong !== null) return misused('link', linkUsage, wrong, output).exitCode;

  const ledger = await openServices(options);
  try {
    const { config, gateway, store } = ledger;
    if (!config.hosts.has(host)) {
      return misused('link', linkUsage, `there is no host "${host}"`, output).exitCode;
    }
    const request = { host, account, customer: customer ?? null, replace };
    const record = await store.findAccount(request);
    const relink = createRelink(
      config,
      store,
      gateway,
      createLinking(config, store, gateway, () => {}),
    );
    const { outcome, before, owner } = await patiently(() => relink(request), whileLimited('billhook link', output));
    const text = textOf(outcome, request, before, owner);
    if (!done.has(outcome)) {
      output.stderr.write(`${printable(`billhook link: ${text} [${outcome}]`)}\n`);
      return 1;
    }
    output.stdout.write(`${[text, ...leftBehind(outcome, record)].map(printable).join('\n')}\n`);
    return 0;
  } finally {
    await ledger.close();
  }
}

type Outcome = Awaited<ReturnType<ReturnType<typeof createRelink>>>['outcome'];

const done: ReadonlySet<Outcome> = new Set(['linked', 'replaced', 'unlinked', 'alreadyLinked']);

function mistake(account: string, customer: string | undefined, replace: boolean, unlink: boolean): string | null {
  if (!isAccount(account)) return `the account must be ${accountMust}`;
  if (unlink) return customer === undefined && !replace ? null : '--unlink takes a host and an account only';
  if (customer === undefined) return 'a customer is wanted';
  return isCustomer(customer) ? null : `the customer must be ${customerMust} (cus_…)`;
}

function textOf(
  outcome: Outcome,
  { host, account, customer }: LinkRequest,
  before: string | null,
  owner: AccountRef | null,
): string {
  const who = `${host}/${account}`;
  switch (outcome) {
    case 'linked':
      return `${who} is linked to ${customer}. A running server fetches its facts within seconds.`;
    case 'replaced':
      return `${who} is linked to ${customer} in place of ${before}. A running server fetches its facts within seconds.`;
    case 'unlinked':
      return `${who} has no customer any more; it was ${before}.`;
    case 'alreadyLinked':
      return `${who} is linked to ${customer}, and keeps it.`;
    case 'notLinked':
      return `${who} has no customer.`;
    case 'accountTaken':
      return `${who} is linked to ${before}. With --replace, ${customer} takes its place.`;
    case 'customerTaken':
      return owner === null ? refusalTexts[outcome] : customerTaken(customer ?? '', owner);
    default:
      return refusalTexts[outcome];
  }
}

/** Subscriptions that no account shows any more and that Stripe goes on charging. */
function leftBehind(outcome: Outcome, record: CustomerRecord | null): string[] {
  if ((outcome !== 'replaced' && outcome !== 'unlinked') || record === null) return [];
  const live = record.facts?.subscriptions.filter((each) => !isTerminal(each)).length ?? 0;
  const subscriptions = live === 1 ? 'a subscription' : `${live} subscriptions`;
  return [
    ...(live === 0
      ? []
      : [`${record.customer} has ${subscriptions} that go on at Stripe, and that no account shows now.`]),
    ...(outcome === 'replaced'
      ? []
      : [`If its metadata names this account (billhook_account), remove that: a later purchase would find it.`]),
  ];
}
