/**
 * `pnpm demo`: starts everything, says where it is, and stops everything at Ctrl-C.
 *
 * The ports and addresses that it can be told are listed at {@link demoOptionsFrom}.
 */

import { DemoOptionsError, demoOptionsFrom } from './demo-options.ts';
import { PortTakenError } from './ports.ts';
import { startDemo, type Demo } from './start-demo.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);
const complain = (text: string) => process.stderr.write(`demo: ${text}\n`);

let ending = false;

/** Ends the demo once it has started, in order; whoever asks a second time has no patience. */
async function end(exitCode: number): Promise<void> {
  if (ending) process.exit(exitCode || 1);
  ending = true;
  const demo = await starting;
  await demo?.stop();
  process.exitCode ||= exitCode;
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0));

const starting: Promise<Demo | null> = start();

async function start(): Promise<Demo | null> {
  try {
    return await startDemo({
      ...demoOptionsFrom(process.env),
      onBillhookDeath(how) {
        complain(`Billhook has ended by itself (${how}).`);
        if (!ending) void end(1);
      },
    });
  } catch (cause) {
    const foreseen = cause instanceof PortTakenError || cause instanceof DemoOptionsError;
    complain(foreseen || !(cause instanceof Error) ? String((cause as Error).message ?? cause) : (cause.stack ?? ''));
    process.exitCode = 1;
    return null;
  }
}

const demo = await starting;
if (demo && !ending) say(welcome(demo));

function welcome({ hostUrl, billhookUrl, sandboxUrl }: Demo): string {
  const rows = [
    ['Tidewater', hostUrl, 'a product with a billing page'],
    ['Billhook', billhookUrl, 'its backend-for-frontend'],
    sandboxUrl === null
      ? ['Stripe', 'your test account', 'webhooks come through "stripe listen"']
      : ['Stripe', sandboxUrl, 'a sandbox: no key, no network'],
  ] as const;
  const wide = Math.max(...rows.map(([, address]) => address.length));
  return `
${rows.map(([name, address, what]) => `  ${name.padEnd(11)}${address.padEnd(wide + 3)}${what}`).join('\n')}

  Try
    1. Open ${hostUrl} and sign in to Harbour Studio, whose last payment failed.
    2. Go to Settings, Billing. "Update card" leads to Stripe, and back.
       4242 4242 4242 4242 is a card that works.
    3. Switch account in the corner "Demo", and see the others.

  Ctrl-C stops everything.
`;
}
