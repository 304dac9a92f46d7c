/** `billhook token`, as an operator runs it. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError, verifyWidgetToken } from '@billhook/server';
import { describe, expect, it } from 'vitest';
import { printToken } from '../../../server/src/cli/token.ts';
import { hostSecret, publicUrl } from '../support/bff.ts';

const cli = resolve(import.meta.dirname, '../../../server/src/cli/cli.ts');
const environment = { BILLHOOK_URL: publicUrl, BILLHOOK_HOST_ID: 'acme', BILLHOOK_HOST_SECRET: hostSecret };

/** In this process: to start one for each case would say no more, and take a second. */
async function run(args: readonly string[], env: Record<string, string> = environment): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const to = (stream: keyof typeof written) => ({ write: (text: string) => void (written[stream] += text) });
  const code = await printToken(args, env, { stdout: to('stdout'), stderr: to('stderr') });
  return { code, ...written };
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runProcess(args: readonly string[], env: Record<string, string> = environment): Promise<Ran> {
  return new Promise((ran) => {
    const child = execFile(process.execPath, [cli, 'token', ...args], { env }, (_, stdout, stderr) =>
      ran({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

const read = (token: string) =>
  verifyWidgetToken(token.trim(), { issuer: 'acme', audience: publicUrl, secrets: [hostSecret] });

describe('billhook token', () => {
  it('prints a token and nothing else', async () => {
    const { code, stdout, stderr } = await runProcess(['--account', 'team_1']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(await read(stdout)).toMatchObject({
      account: 'team_1',
      scopes: new Set(['billing:read', 'billing:manage']),
      introduces: null,
    });
  });

  it('puts the given options into the claims', async () => {
    const told = ['--account=team_2', '--scope', 'billing:read', '--scope', 'access', '--customer', 'cus_1'];
    const before = Date.now();
    const { stdout } = await run([...told, '--expires', '900']);
    const claims = await read(stdout);
    expect(claims).toMatchObject({
      account: 'team_2',
      scopes: new Set(['billing:read', 'access']),
      introduces: 'cus_1',
    });
    expect(claims.expiresAt).toBeGreaterThan(before + 898_000);
  });

  it('takes the first of two secrets', async () => {
    const { stdout } = await run(['--account', 'team_1'], {
      ...environment,
      BILLHOOK_HOST_SECRET: `${hostSecret},another-secret-that-is-long-enough-for-this`,
    });
    expect(await read(stdout)).toMatchObject({ account: 'team_1' });
  });

  it.each([
    ['no account', [], /--account is missing/],
    ['an empty account', ['--account', ''], /account must be/],
    ['an unknown scope', ['--account', 'a', '--scope', 'all'], /scope must be of billing:read, billing:manage, access/],
    ['no customer', ['--account', 'a', '--customer', 'acct_1'], /customer must be/],
    ['too long a life', ['--account', 'a', '--expires', '901'], /1 to 900/],
    ['a life in words', ['--account', 'a', '--expires', 'soon'], /--expires must be a number/],
    ['an unknown option', ['--account', 'a', '--secret', 'b'], /Unknown option/],
    ['something left over', ['team_1'], /Unexpected argument/],
  ])('prints its usage when it is given %s', async (_, args, words) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(words);
    expect(stderr).toContain('--customer');
    expect(stderr).not.toContain(hostSecret);
  });

  it.each([
    ['no secret', {}, /BILLHOOK_HOST_SECRET must be set/],
    ['only where keys are published', { BILLHOOK_HOST_JWKS_URL: 'https://acme.example/' }, /only the host can make/],
    ['a short secret', { BILLHOOK_HOST_SECRET: 'oops' }, /BILLHOOK_HOST_SECRET must have at least 32 bytes/],
  ])('refuses when the environment has %s', async (_, env, words) => {
    const error = await run(['--account', 'team_1'], env).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(words);
    expect(String(error)).not.toContain('oops');
  });

  it('ends with 1 when it refuses', async () => {
    const { code, stdout, stderr } = await runProcess(['--account', 'team_1'], {});
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('[config_invalid]');
  });

  it('mints the token of one of several hosts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'billhook-token-'));
    const file = join(folder, 'billhook.json');
    await writeFile(file, JSON.stringify({ hosts: [{ id: 'other' }, { id: 'acme' }] }));
    const env = { BILLHOOK_URL: publicUrl, BILLHOOK_CONFIG: file, BILLHOOK_HOST_SECRET_ACME: hostSecret };

    const { stdout } = await run(['--account', 'team_1', '--host', 'acme'], env);
    expect(await read(stdout)).toMatchObject({ host: 'acme' });
    for (const wrong of [[], ['--host', 'stranger']]) {
      const { code, stderr } = await run(['--account', 'team_1', ...wrong], env);
      expect(code).toBe(2);
      expect(stderr).toContain('(other, acme)');
    }
    await expect(run(['--account', 'team_1', '--host', 'other'], env)).rejects.toThrow(
      /BILLHOOK_HOST_SECRET_\S* must be set/,
    );
    await rm(folder, { recursive: true });
  });

  it('prints its usage with --help', async () => {
    expect(await run(['--help'], {})).toMatchObject({ code: 0, stdout: expect.stringContaining('--account') });
  });
});
