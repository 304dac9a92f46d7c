#!/usr/bin/env node
/** `billhook <command>`: the operator's commands. */

import { parse, printsHelp } from './args.ts';
import { doctorUsage, examine } from './doctor/doctor.ts';
import { importAccounts, importUsage } from './import.ts';
import { linkAccount, linkUsage } from './link.ts';
import { moveLedgerTo, moveLedgerUsage } from './move-ledger.ts';
import { reconcileLedger, reconcileUsage } from './reconcile/reconcile.ts';
import { ledgerRestored, restoredUsage } from './restored.ts';
import { setUp, setupUsage } from './setup.ts';
import { printTimeline, timelineUsage } from './timeline/timeline.ts';
import { printToken, tokenUsage } from './token.ts';
import { CodedError } from '../coded-error.ts';
import { ConfigError } from '../config/config.ts';
import { describeCause } from '../log.ts';
import { nameOf, optionsFrom } from './environment.ts';
import { serveBillhook } from './serve.ts';
import { StripeFailure, type StripeFailureCode } from '../stripe/failure.ts';

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

const commands: Readonly<Record<string, Command>> = {
  serve: { usage: serveUsage, run: (args) => serve(args) },
  import: { usage: importUsage, run: (args) => importAccounts(args, optionsFrom(process.env), process) },
  link: { usage: linkUsage, run: (args) => linkAccount(args, optionsFrom(process.env), process) },
  doctor: { usage: doctorUsage, run: (args) => examine(args, process.env, process) },
  'move-ledger': {
    usage: moveLedgerUsage,
    run: (args) => moveLedgerTo(args, optionsFrom(process.env).database, process),
  },
  reconcile: { usage: reconcileUsage, run: (args) => reconcileLedger(args, optionsFrom(process.env), process) },
  restored: { usage: restoredUsage, run: (args) => ledgerRestored(args, optionsFrom(process.env), process) },
  setup: { usage: setupUsage, run: (args) => setUp(args, optionsFrom(process.env), process) },
  timeline: { usage: timelineUsage, run: (args) => printTimeline(args, optionsFrom(process.env), process) },
  token: { usage: tokenUsage, run: (args) => printToken(args, process.env, process) },
};

async function serve(args: readonly string[]): Promise<number> {
  const { exitCode } = parse(args, { name: 'serve', usage: serveUsage, options: {} }, process);
  return exitCode ?? (await serveBillhook(process.env));
}

async function run(name = 'help', ...args: readonly string[]): Promise<number> {
  // `billhook help serve` is what others call `billhook serve --help`.
  if (name === 'help') return args[0] === undefined ? printUsage() : await run(args[0], '--help');
  if (printsHelp([name], usage, process)) return 0;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`billhook: there is no command "${name}"\n\n${usage}`);
    return 2;
  }
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
  process.stderr.write(`billhook: ${explain(cause)}\n`);
  process.exitCode = 1;
}

/** A coded error in words that an operator can act on; any other with its stack. */
function explain(thrown: unknown): string {
  // A library names its options; an operator knows the variables.
  const cause = thrown instanceof ConfigError ? new ConfigError(thrown.problems, nameOf(process.env)) : thrown;
  if (cause instanceof CodedError) {
    const said = cause instanceof StripeFailure ? stripeSaid[cause.code] : cause.message;
    const why = cause.cause === undefined ? '' : `: ${describeCause(cause.cause)}`;
    return `${said}${why} [${cause.code}]`;
  }
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
