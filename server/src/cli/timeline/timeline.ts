/** `billhook timeline`: the history of one account, for support (B9). */

import { Catalogue } from '../../background/catalogue.ts';
import type { BillhookOptions } from '../../config/config.ts';
import { openServices, type Services } from '../../services.ts';
import { createReadAccount } from '../../accounts/view.ts';
import { spanOf, spanText, timeText } from '../time-text.ts';
import { storyOf, storyText } from './story.ts';
import { printable } from '../printable.ts';
import { misused, parse, type Output } from '../args.ts';
import type { CustomerRecord } from '../../ledger/customers.ts';
import type { AccountRef } from '../../ledger/account.ts';

export const timelineUsage = `billhook timeline <account> [--host <id>] [--since <when>] [--limit <number>] [--json]

  Prints the history of an account, oldest first: Stripe's events, the syncs that followed, the changes that they found,
  and the notices. Times are UTC; +1.20 s is the time since the first line of its group.

  <account>  your own id of the account, or a Stripe customer (cus_…)
  --host     which of several hosts the account is of (default: the only one)
  --since    a span such as 24h or 7d, or a date such as 2026-11-01 (default: 30d)
  --limit    the most entries, the newest ones (default: 200)
  --json     print the entries as JSON

  The exit code is 0, 1 when the account is unknown, 2 when the command line is wrong.
`;

const flags = {
  host: { type: 'string' },
  since: { type: 'string', default: '30d' },
  limit: { type: 'string', default: '200' },
  json: { type: 'boolean', default: false },
} as const;

/**
 * Prints an account's timeline. Stripe is asked for nothing but the key's account.
 *
 * @param args - the arguments after `timeline` on the command line
 * @returns The exit code.
 */
export async function printTimeline(
  args: readonly string[],
  options: BillhookOptions,
  output: Output,
): Promise<number> {
  const parsed = parse(
    args,
    { name: 'timeline', usage: timelineUsage, options: flags, operands: ['one account'] },
    output,
  );
  if (parsed.exitCode !== null) return parsed.exitCode;
  const [who = ''] = parsed.operands;
  const limit = Number(parsed.values.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
    return misused('timeline', timelineUsage, '--limit must be 1 to 10000', output).exitCode;
  }
  const asked = { ...parsed.values, who, limit };
  const ledger = await openServices(options, { looking: true });
  try {
    const { store, config } = ledger;
    const since = momentOf(asked.since, config.now());
    const host = asked.host ?? (config.hosts.size === 1 ? [...config.hosts.keys()][0] : undefined);
    if (since === null || (asked.host !== undefined && !config.hosts.has(asked.host))) {
      const wrong = since === null ? '--since must be a span (24h, 7d) or a date' : `there is no host "${asked.host}"`;
      output.stderr.write(`billhook timeline: ${wrong}\n\n${timelineUsage}`);
      return 2;
    }
    const found = await find(ledger, asked.who, host);
    if (typeof found === 'string') {
      output.stderr.write(`${printable(`billhook timeline: ${found}`)}\n`);
      return 1;
    }
    const catalogue = new Catalogue(config, store, ledger.gateway);
    await catalogue.load();
    const history = await store.timeline(found, since, asked.limit);
    const story = storyOf(history, (id) => catalogue.productName(id));
    const { customer, revision } = found;
    const account = { host: found.host, account: found.account, customer, revision };
    const lines = asked.json
      ? JSON.stringify({ ...account, since, entries: story }, null, 2).split('\n')
      : [
          `${found.host}/${found.account} · ${customer} · revision ${revision}`,
          await accountState(ledger, catalogue, found),
          ...storyText(story),
          ...(story.length === 0 ? ['', `Nothing happened since ${timeText(since)}.`] : []),
        ];
    output.stdout.write(`${lines.map(printable).join('\n')}\n`);
    return 0;
  } finally {
    await ledger.close();
  }
}

/** The customer, or a sentence that says why there is none. */
async function find({ store }: Services, who: string, host: string | undefined): Promise<CustomerRecord | string> {
  if (/^cus_\w+$/.test(who)) {
    const [record] = await store.customersAmong([who]);
    return record ?? `no account is linked to the customer ${who}`;
  }
  if (host === undefined) return `say with --host whose account ${who} is`;
  const ref: AccountRef = { host, account: who };
  return (await store.findAccount(ref)) ?? `the host ${host} has no account ${who} that was ever linked to a customer`;
}

/** How the account stands now, and how fresh that is. */
async function accountState(
  { store, config }: Services,
  catalogue: Catalogue,
  record: CustomerRecord,
): Promise<string> {
  const host = config.hosts.get(record.host);
  const now = config.now();
  const fresh = record.fetchedAt === null ? 'never fetched' : `as of ${spanText(now - record.fetchedAt)} ago`;
  const late = record.staleSince === null ? '' : `, stale for ${spanText(now - record.staleSince)}`;
  const failure = record.failure ? `, ${record.failure.attempts} failures, the last [${record.failure.code}]` : '';
  if (!host) return `its host is not configured any more; ${fresh}${late}${failure}`;
  const read = createReadAccount(store, catalogue, config.now);
  const { snapshot } = await read({ host: record.host, account: record.account, policy: host.policy, mayManage: true });
  const plan = snapshot.plan?.name == null ? '' : ` on ${snapshot.plan.name}`;
  return `${snapshot.state}${plan}, access ${snapshot.access.level}; ${fresh}${late}${failure}`;
}

/** A span back from now, or a date; `null` for neither. */
function momentOf(text: string, now: number): number | null {
  const span = spanOf(text);
  if (span !== null) return now - span;
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}
