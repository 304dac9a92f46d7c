/**
 * `pnpm demo`: starts everything, says where it is, and stops everything at Ctrl-C.
 *
 * The ports and addresses that it can be told are listed at {@link demoOptionsFrom}.
 */

import { DemoOptionsError, demoOptionsFrom } from './demo-options.ts';
import { PortTakenError } from './ports.ts';
import { startDemo, type Demo } from './start-demo.ts';
import { welcome } from './welcome.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);
const complain = (text: string) => process.stderr.write(`demo: ${text}\n`);

let ending = false;

/** Ends the demo in order, once it has started; a second signal ends it at once. */
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
