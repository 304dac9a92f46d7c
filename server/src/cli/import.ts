/** `billhook import`: links existing subscribers on day one, before their first poll (M30). */

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { BillhookOptions } from '../config/config.ts';
import { withPriority } from '../stripe/request-budget.ts';
import { openServices } from '../services.ts';
import { createLinking } from '../accounts/linking.ts';
import { StripeFailure } from '../stripe/failure.ts';
import { isAccount, isCustomer } from '../tokens/claims.ts';
import { describeCause } from '../log.ts';
import { parse, type Output } from './args.ts';
import { recordsOf } from './csv.ts';
import { refusalWords } from './link-words.ts';
import { patiently } from './patiently.ts';
import { printable } from './printable.ts';

export const importUsage = `billhook import <file>

  Links accounts to customers that exist at Stripe. One line each, as CSV with the columns
      account,customer[,host]
  An account with a comma in it stands in quotation marks; semicolons or tabs may separate instead. "-" in place of the file
  reads standard input. A first line with these names is skipped. The host may be left out where there is only one. Every customer is asked about at Stripe before
  it is linked; what is linked already stays, so the same file can be imported again after a failure.
  Where Stripe asks for patience, or does not answer for a while, it waits and goes on.
`;

export interface ImportCommandOptions {
  /** Milliseconds that one line waits for a Stripe that does not answer, before the command gives up. Default: 300,000. */
  readonly patienceMs?: number;
}

interface Line {
  readonly number: number;
  readonly account: string;
  readonly customer: string;
  readonly host: string;
}

/**
 * Links what the file says, and tells what it did with each line that was not linked.
 *
 * @param args - the arguments after `import` on the command line
 * @returns The exit code: 0 when everything is linked, 1 when some lines were refused, 2 when the command line is wrong.
 * @throws {StripeFailure} Stripe could not be asked for longer than the command's patience.
 */
export async function importAccounts(
  args: readonly string[],
  options: BillhookOptions,
  output: Output,
  { patienceMs = 300_000 }: ImportCommandOptions = {},
): Promise<number> {
  const parsed = parse(args, { name: 'import', usage: importUsage, options: {}, operands: ['a file'] }, output);
  if (parsed.exitCode !== null) return parsed.exitCode;
  const [file = ''] = parsed.operands;
  const unreadable = file === '-' ? null : await whyUnreadable(file);
  if (unreadable !== null) {
    output.stderr.write(`billhook import: ${file} cannot be read [${unreadable}]\n`);
    return 2;
  }
  const ledger = await openServices(options);
  const linking = createLinking(ledger.config, ledger.store, ledger.gateway, () => {});
  const counts = { linked: 0, alreadyLinked: 0, refused: 0 };
  try {
    const onlyHost = ledger.config.hosts.size === 1 ? [...ledger.config.hosts.keys()][0] : undefined;
    for await (const line of linesOf(file, onlyHost, ledger.config.hosts)) {
      const outcome = typeof line === 'string' ? line : await linkOne(line);
      if (outcome === 'linked' || outcome === 'alreadyLinked') counts[outcome] += 1;
      else {
        counts.refused += 1;
        output.stderr.write(`${printable(outcome)}\n`);
      }
    }
  } finally {
    await ledger.close();
  }
  output.stdout.write(
    `${counts.linked} linked, ${counts.alreadyLinked} linked before, ${counts.refused} refused. ` +
      `A running server fetches their facts within seconds.\n`,
  );
  return counts.refused > 0 ? 1 : 0;

  async function linkOne({ number, host, account, customer }: Line): Promise<string> {
    const refused = (code: string, why: string) =>
      `line ${number}: ${account} and ${customer} were not linked [${code}]: ${why}`;
    try {
      // A server may be at work beside it: people go first.
      const outcome = await withPriority('background', () =>
        patiently(() => linking.link({ host, account }, customer), { what: `line ${number}`, patienceMs, output }),
      );
      if (outcome === 'linked' || outcome === 'alreadyLinked') return outcome;
      return refused(outcome, await refusalWords(ledger.store, { host, account, customer }, outcome));
    } catch (cause) {
      // A customer that Stripe does not know fails its own line; an outage that does not end fails the command.
      if (!(cause instanceof StripeFailure) || cause.transient) throw cause;
      return refused(cause.code, cause.code === 'stripe_customer_missing' ? unknownCustomer : describeCause(cause));
    }
  }
}

const unknownCustomer =
  'Stripe does not know it. A customer of the other mode, or of another Stripe account, is the usual cause.';

/** A folder can be opened, and not read. */
async function whyUnreadable(path: string): Promise<string | null> {
  try {
    await access(path, constants.R_OK);
    return (await stat(path)).isDirectory() ? 'EISDIR' : null;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** The file's lines, or a sentence for each that cannot be used. */
async function* linesOf(
  path: string,
  onlyHost: string | undefined,
  hosts: ReadonlyMap<string, unknown>,
): AsyncIterable<Line | string> {
  for await (const each of recordsOf(path)) {
    if (typeof each === 'string') {
      yield each;
      continue;
    }
    const { number, cells } = each;
    const [account = '', customer = '', host = onlyHost ?? '', ...more] = cells;
    if (number === 1 && account.toLowerCase() === 'account') continue;
    if (more.length > 0) yield `line ${number}: has more than three columns`;
    else if (account.includes('\uFFFD')) yield `line ${number}: is not in UTF-8, so the account’s name is not known`;
    else if (!isAccount(account)) yield `line ${number}: the account must have 1 to 255 characters`;
    else if (!isCustomer(customer)) yield `line ${number}: "${customer}" is no Stripe customer (cus_…)`;
    else if (!hosts.has(host)) yield `line ${number}: "${host}" is no host of this server`;
    else yield { number, account, customer, host };
  }
}
