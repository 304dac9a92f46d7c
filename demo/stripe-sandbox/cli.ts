#!/usr/bin/env node
/** The sandbox as a program, beside any app. `node cli.ts --help` lists its options. */

import { randomInt } from 'node:crypto';
import process from 'node:process';
import { helpText, readCommand, type CliOptions } from './cli-options.ts';
import { createSandbox, seedDemo } from './index.ts';

const command = readCommand(process.argv.slice(2));
if (command.kind === 'help') process.stdout.write(helpText);
else if (command.kind === 'problems') {
  for (const problem of command.problems) process.stderr.write(`billhook-sandbox: ${problem}\n`);
  process.exitCode = 2;
} else await start(command.options);

async function start(options: CliOptions): Promise<void> {
  const sandbox = createSandbox({
    secretKey: options.secretKey,
    // Its books begin anew at each start: with the ids of the last one, an app would take its customers for others.
    seed: options.seed ?? randomInt(2, 2 ** 32),
    ...(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl }),
    ...(options.startAt === undefined ? {} : { startAt: options.startAt }),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close());
  try {
    const { url, port } = await sandbox.listen(options.port);
    if (options.demo) await seedDemo(sandbox);
    else if (options.portal) sandbox.savePortalSettings();
    const endpoints = options.webhooks.map((webhook) => {
      const { secret } = sandbox.deliveries.addEndpoint(
        webhook,
        options.webhookSecret === undefined ? {} : { secret: options.webhookSecret },
      );
      return `Webhooks      ${webhook}  signed with ${secret}\n`;
    });
    process.stdout.write(
      [
        `Stripe API    http://127.0.0.1:${port}/v1\n`,
        `Secret key    ${sandbox.secretKey}\n`,
        ...endpoints,
        `Control room  ${url}/sandbox\n`,
      ].join(''),
    );
  } catch (cause) {
    const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    await sandbox.close();
    if (!taken) throw cause;
    process.stderr.write(`billhook-sandbox: port ${options.port} is taken by another program; --port 0 takes any\n`);
    process.exitCode = 1;
  }
}
