#!/usr/bin/env node
/** `billhook <command>`: what an operator runs. */

import { examine } from './doctor/doctor.ts';
import { importAccounts } from './import.ts';
import { moveLedgerTo } from './move-ledger.ts';
import { reconcileLedger } from './reconcile/reconcile.ts';
import { setUp } from './setup.ts';
import { printTimeline } from './timeline/timeline.ts';
import { printToken } from './token.ts';
import { CodedError } from '../coded-error.ts';
import { describeCause } from '../log.ts';
import { optionsFrom } from './environment.ts';
import { serveBillhook } from './serve.ts';
import { StripeFailure, type StripeFailureCode } from '../stripe/gateway.ts';

const usage = `billhook <command>

  serve        run the backend-for-frontend; configured by the environment (see the README)
  import       link existing subscribers from a file (billhook import --help)
  doctor       look for what is wrong, and say what to do (billhook doctor --help)
  move-ledger  move a ledger from a SQLite file to PostgreSQL (billhook move-ledger --help)
  reconcile    compare everything with Stripe now, and tell what differed (billhook reconcile --help)
  setup        make the portal configurations at Stripe, or check them (billhook setup --help)
  timeline     tell what happened to one account, and why (billhook timeline --help)
  token        print a widget token, to try the server out (billhook token --help)
`;

const refused = 'Stripe refused what was asked';
const stripeSaid: Record<StripeFailureCode, string> = {
  stripe_unauthorized: 'Stripe refused the key',
  stripe_unavailable: 'Stripe cannot be reached',
  stripe_rate_limited: 'Stripe is asked too much at the moment',
  stripe_customer_missing: refused,
  portal_not_configured: refused,
  portal_flow_unavailable: refused,
  stripe_rejected: refused,
};

async function run(command: string | undefined): Promise<number> {
  switch (command) {
    case 'serve':
      return await serveBillhook(process.env);
    case 'import':
      return await importAccounts(process.argv.slice(3), optionsFrom(process.env), process);
    case 'doctor':
      return await examine(process.argv.slice(3), process.env, process);
    case 'move-ledger':
      return await moveLedgerTo(process.argv.slice(3), optionsFrom(process.env).database, process);
    case 'reconcile':
      return await reconcileLedger(process.argv.slice(3), optionsFrom(process.env), process);
    case 'setup':
      return await setUp(process.argv.slice(3), optionsFrom(process.env), process);
    case 'timeline':
      return await printTimeline(process.argv.slice(3), optionsFrom(process.env), process);
    case 'token':
      return await printToken(process.argv.slice(3), process.env, process);
    case undefined:
    case 'help':
    case '--help':
      process.stdout.write(usage);
      return 0;
    default:
      process.stderr.write(`billhook: there is no command "${command}"\n\n${usage}`);
      return 2;
  }
}

try {
  process.exitCode = await run(process.argv[2]);
} catch (cause) {
  process.stderr.write(`billhook: ${explain(cause)}\n`);
  process.exitCode = 1;
}

/** A coded error in words that an operator can act on; any other with its stack. */
function explain(cause: unknown): string {
  if (cause instanceof CodedError) {
    const said = cause instanceof StripeFailure ? stripeSaid[cause.code] : cause.message;
    const why = cause.cause === undefined ? '' : `: ${describeCause(cause.cause)}`;
    return `${said}${why} [${cause.code}]`;
  }
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
