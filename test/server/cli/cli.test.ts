/** A command's message when Stripe fails: it names the cause, and shows no stack. */

import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { childEnvironment } from '../../support/child-environment.ts';
import { createSandbox, type StripeSandbox } from '../../../demo/stripe-sandbox/index.ts';
import { hostSecret, origin } from '../support/bff.ts';

const cli = resolve(import.meta.dirname, '../../../server/src/cli/cli.ts');
const run = promisify(execFile);

let sandbox: StripeSandbox;
let apiUrl: string;
beforeAll(async () => {
  sandbox = createSandbox();
  ({ url: apiUrl } = await sandbox.listen(0));
});
afterAll(() => sandbox.close());

/** The command's standard error when it failed. */
async function complaint(change: Record<string, string>): Promise<string> {
  const env = {
    ...childEnvironment,
    STRIPE_SECRET_KEY: sandbox.secretKey,
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
    STRIPE_API_URL: apiUrl,
    BILLHOOK_HOST_SECRET: hostSecret,
    BILLHOOK_HOST_ORIGINS: origin,
    BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
    ...change,
  };
  const ended = await run(process.execPath, [cli, 'setup', '--check'], { env }).then(
    () => 'it ended well',
    (cause: unknown) => String((cause as { stderr?: unknown }).stderr),
  );
  return ended.trim();
}

it.each([
  [
    'cannot be reached',
    { STRIPE_API_URL: 'http://127.0.0.1:9' },
    /^billhook: Stripe cannot be reached: .*\[stripe_unavailable\]$/,
  ],
  [
    'refuses the key',
    { STRIPE_SECRET_KEY: 'sk_test_wrong' },
    /^billhook: Stripe refused the key: .*\[stripe_unauthorized\]$/,
  ],
])('when Stripe %s', async (_, change, words) => {
  const said = await complaint(change as Record<string, string>);
  expect(said).toMatch(words);
  expect(said).not.toContain('sk_test_wrong');
});

it('F23: waits where Stripe’s rate limit is reached, and goes on', async () => {
  sandbox.faults.next({ kind: 'rateLimited', path: '/v1/account' });
  sandbox.faults.next({ kind: 'rateLimited', path: '/v1/billing_portal' });
  const said = await complaint({});
  expect(said.split('\n')).toEqual([
    'billhook setup: Stripe asks for patience [stripe_rate_limited]; waiting',
    expect.stringMatching(/: Stripe asks for patience \[stripe_rate_limited\]; waiting$/),
  ]);
  expect(sandbox.faults.pending()).toEqual([]);
});

it('prints a command’s help for “help” and its name, too, and refuses a name that no command has', async () => {
  const answer = async (...args: string[]) =>
    (await run(process.execPath, [cli, ...args], { env: childEnvironment })).stdout;
  expect(await answer('help', 'link')).toBe(await answer('link', '--help'));
  await expect(answer('help', 'lunch')).rejects.toMatchObject({ code: 2, stderr: /there is no command "lunch"/ });
});
