#!/usr/bin/env node
/** `billhook <command>`: the operator's commands. */

import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { parse, printsHelp } from './args.ts';
import { CodedError } from '../coded-error.ts';
import type { BillhookOptions } from '../config/config.ts';
import { describeCause } from '../log.ts';
import type { StripeFailureCode } from '../stripe/failure.ts';

// Most of a start is loading modules: compiled code is kept for the next one. Not in Node's own place, the folder for
// temporary files: another user of the machine could put code there.
const caches = process.env['XDG_CACHE_HOME'] || (process.env['HOME'] && join(process.env['HOME'], '.cache'));
if (caches) enableCompileCache(join(caches, 'billhook'));

const usage = `billhook <command>

  serve        run the backend-for-frontend; configured by the environment (see the README)
  import       link existing subscribers from a file (billhook import --help)
  link         decide which customer an account has (billhook link --help)
  doctor       check the setup, and tell how to repair it (billhook doctor --help)
  move-ledger  move a ledger from a SQLite file to PostgreSQL (billhook move-ledger --help)
  reconcile    compare everything with Stripe now, and report the drift (billhook reconcile --help)
  restored     mark the ledger as restored from a backup (billhook restored --help)
  setup        create the portal configurations at Stripe, or check them (billhook setup --help)
  timeline     print the history of one account (billhook timeline --help)
  token        print a widget token, to try the server out (billhook token --help)

  --help, -h   print this, or a command's own help
  --version    print the version
`;

const serveUsage = `billhook serve

  Runs the server until SIGTERM or SIGINT; configured by the environment (see the README).
`;

const refused = 'Stripe refused the request';
const stripeSaid: Record<StripeFailureCode, string> = {
  stripe_unauthorized: 'Stripe refused the key',
  stripe_unavailable: 'Stripe cannot be reached',
  stripe_rate_limited: 'Stripe’s rate limit is reached',
  stripe_customer_missing: refused,
  portal_not_configured: refused,
  portal_flow_unavailable: refused,
  stripe_rejected: refused,
};

interface Command {
  readonly usage: string;
  run(args: readonly string[]): Promise<number>;
}

/** Each loads its own modules, and no other command's. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => ({ usage: serveUsage, run: serve }),
  async import() {
    const { importAccounts, importUsage: usage } = await import('./import.ts');
    return { usage, run: async (args) => importAccounts(args, await options(), process) };
  },
  async link() {
    const { linkAccount, linkUsage: usage } = await import('./link.ts');
    return { usage, run: async (args) => linkAccount(args, await options(), process) };
  },
  async doctor() {
    const { examine, doctorUsage: usage } = await import('./doctor/doctor.ts');
    return { usage, run: (args) => examine(args, process.env, process) };
  },
  async 'move-ledger'() {
    const { moveLedgerTo, moveLedgerUsage: usage } = await import('./move-ledger.ts');
    return { usage, run: async (args) => moveLedgerTo(args, (await options()).database, process) };
  },
  async reconcile() {
    const { reconcileLedger, reconcileUsage: usage } = await import('./reconcile/reconcile.ts');
    return { usage, run: async (args) => reconcileLedger(args, await options(), process) };
  },
  async restored() {
    const { ledgerRestored, restoredUsage: usage } = await import('./restored.ts');
    return { usage, run: async (args) => ledgerRestored(args, await options(), process) };
  },
  async setup() {
    const { setUp, setupUsage: usage } = await import('./setup.ts');
    return { usage, run: async (args) => setUp(args, await options(), process) };
  },
  async timeline() {
    const { printTimeline, timelineUsage: usage } = await import('./timeline/timeline.ts');
    return { usage, run: async (args) => printTimeline(args, await options(), process) };
  },
  async token() {
    const { printToken, tokenUsage: usage } = await import('./token.ts');
    return { usage, run: (args) => printToken(args, process.env, process) };
  },
};

async function options(): Promise<BillhookOptions> {
  const { optionsFrom } = await import('./environment.ts');
  return optionsFrom(process.env);
}

async function serve(args: readonly string[]): Promise<number> {
  const { exitCode } = parse(args, { name: 'serve', usage: serveUsage, options: {} }, process);
  if (exitCode !== null) return exitCode;
  const { serveBillhook } = await import('./serve.ts');
  return await serveBillhook(process.env);
}

async function run(name = 'help', ...args: readonly string[]): Promise<number> {
  // `billhook help serve` is what others call `billhook serve --help`.
  if (name === 'help') return args[0] === undefined ? printUsage() : await run(args[0], '--help');
  if (printsHelp([name], usage, process)) return 0;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    process.stderr.write(`billhook: there is no command "${name}"\n\n${usage}`);
    return 2;
  }
  const command = await load();
  // Help comes before the environment is read: it may be what the operator looks for after a mistake there.
  return printsHelp(args, command.usage, process) ? 0 : await command.run(args);
}

function printUsage(): number {
  process.stdout.write(usage);
  return 0;
}

try {
  process.exitCode = await run(...process.argv.slice(2));
} catch (cause) {
  process.stderr.write(`billhook: ${await explain(cause)}\n`);
  process.exitCode = 1;
}

/** A coded error in words that an operator can act on; any other with its stack. */
async function explain(thrown: unknown): Promise<string> {
  const cause = await named(thrown);
  if (cause instanceof CodedError) {
    const said = Object.hasOwn(stripeSaid, cause.code) ? stripeSaid[cause.code as StripeFailureCode] : cause.message;
    const why = cause.cause === undefined ? '' : `: ${describeCause(cause.cause)}`;
    return `${said}${why} [${cause.code}]`;
  }
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

/** A library names its options; an operator knows the variables. */
async function named(cause: unknown): Promise<unknown> {
  if (!(cause instanceof CodedError) || cause.code !== 'config_invalid') return cause;
  const [{ ConfigError }, { nameOf }] = await Promise.all([import('../config/config.ts'), import('./environment.ts')]);
  return cause instanceof ConfigError ? new ConfigError(cause.problems, nameOf(process.env)) : cause;
}
