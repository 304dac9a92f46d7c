/**
 * B10, M33: `docs/tokens.md`. On a machine that has its language, each recipe mints what the verifier takes, and its guard
 * answers as `@billhook/host` does: the same questions to the same server in every language.
 */

import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { verifyWidgetToken } from '@billhook/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBillhookHost } from '../../../server/host/src/index.ts';
import { freePort } from '../../support/free-port.ts';
import { hostSecret, publicUrl, type CallInit } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';
import { listening } from '../../support/listening.ts';

const page = readFileSync(new URL('../../../docs/tokens.md', import.meta.url), 'utf8');
const recipe = (language: string) => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(page)?.[1] ?? '';

interface Language {
  /** Its compiler or interpreter, and how that is asked whether it is there. */
  readonly program: string;
  readonly version: string;
  /** Of the file that has the recipe and what the test asks of it. */
  readonly ending: string;
  /** The recipe as a program that prints two tokens. */
  readonly tokens: string;
  /** The same as a program that prints `refusal` of each argument `account,level,plan,feature`; none where it has no guard. */
  readonly guard?: string;
  readonly run: (file: string) => readonly string[];
  /** Arguments that make a program of the file, where that takes longer than the program. */
  readonly build?: (file: string, to: string) => readonly string[];
}

const goMain = (body: string) =>
  `${recipe('go').replace('package billhook', 'package main')}\nfunc main() {\n${body}\n}\n`;

const languages: Readonly<Record<string, Language>> = {
  Python: {
    program: 'python3',
    version: '--version',
    ending: 'py',
    tokens: `${recipe('python')}
print(widget_token("team_1"))
print(widget_token("équipe", scope="access", customer="cus_1"))`,
    guard: `${recipe('python')}
import sys
for each in sys.argv[1:]:
    account, level, plan, feature = each.split(",")
    print(refusal(account, access(account), level=level, plan=plan or None, feature=feature or None) or "")`,
    run: (file) => [file],
  },
  Ruby: {
    program: 'ruby',
    version: '--version',
    ending: 'rb',
    tokens: `${recipe('ruby')}
puts widget_token("team_1")
puts widget_token("équipe", scope: "access", customer: "cus_1")`,
    guard: `${recipe('ruby')}
ARGV.each do |each|
  account, level, plan, feature = each.split(",", -1).map { |part| part.empty? ? nil : part }
  puts refusal(account, access(account), level: level, plan: plan, feature: feature).to_s
end`,
    run: (file) => [file],
  },
  PHP: {
    program: 'php',
    version: '--version',
    ending: 'php',
    tokens: `<?php ${recipe('php')}
echo widget_token('team_1'), "\\n", widget_token('équipe', 'access', 'cus_1'), "\\n";`,
    guard: `<?php ${recipe('php')}
foreach (array_slice($argv, 1) as $each) {
    [$account, $level, $plan, $feature] = array_map(fn ($part) => $part === '' ? null : $part, explode(',', $each));
    echo refusal($account, access($account), $level, $plan, $feature), "\\n";
}`,
    run: (file) => [file],
  },
  Go: {
    program: 'go',
    version: 'version',
    ending: 'go',
    tokens: goMain(`
	for _, each := range [][2]string{{"team_1", "billing:read billing:manage"}, {"équipe", "access"}} {
		token, err := WidgetToken(each[0], each[1])
		if err != nil {
			panic(err)
		}
		fmt.Println(token)
	}`),
    guard: goMain(`
	for _, each := range os.Args[1:] {
		parts := strings.Split(each, ",")
		found, err := AccessOf(parts[0])
		if err != nil {
			panic(err)
		}
		fmt.Println(Refusal(parts[0], found, parts[1], parts[2], parts[3]))
	}`),
    run: () => [],
    build: (file, to) => ['build', '-o', to, file],
  },
  Java: {
    program: 'java',
    version: '--version',
    ending: 'java',
    tokens: `import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import static java.nio.charset.StandardCharsets.UTF_8;
public class Recipe {
${recipe('java')}
  public static void main(String[] args) throws Exception {
    var out = new java.io.PrintStream(System.out, true, UTF_8);
    out.println(widgetToken("team_1", "billing:read billing:manage"));
    out.println(widgetToken("\\u00e9quipe", "access"));
  }
}`,
    run: (file) => [file],
  },
};

function isThere({ program, version }: Language): boolean {
  try {
    execFileSync(program, [version], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let folder: string;
let harness: BffHarness;
/** The server under its own public address: a secret and an address are all that a recipe has. */
let server: Awaited<ReturnType<typeof listening>>;
/** A page, a redirect and another account's answer in the place of the server. */
let elsewhere: Awaited<ReturnType<typeof listening>>;
/** Requests that followed the redirect. */
let carried = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billhook-recipes-'));
  const port = await freePort();
  harness = await startBffHarness({
    publicUrl: `http://127.0.0.1:${port}`,
    host: {
      plans: [
        { key: 'team', lookupKey: 'team_monthly', features: ['forecasts'] },
        { key: 'starter', lookupKey: 'starter_monthly' },
      ],
    },
  });
  for (const who of ['active', 'ended', 'restricted'] as const) await introduce(harness.as(who));
  // Stripe does not know this customer: the access of its account is unknown.
  await introduce({ account: 'team_doubted', mint: { customer: 'cus_nobody' } });
  server = await listening(createAdaptorServer(harness.bff.billhook) as Server, port);
  elsewhere = await listening(
    createServer((request, response) => {
      if (request.url === '/target') carried += 1;
      if (request.url === '/moved/v1/access') response.writeHead(302, { location: '/target' });
      const other = { account: 'team_2', level: 'full', reason: 'active', plans: [], features: [] };
      response.end(request.url === '/other/v1/access' ? JSON.stringify(other) : '<!doctype html>');
    }),
  );
});
afterAll(async () => {
  await server.close();
  await elsewhere.close();
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

async function introduce({ account, mint }: CallInit): Promise<void> {
  await harness.bff.snapshot({
    ...(account === undefined ? {} : { account }),
    mint: { ...mint, audience: harness.options.publicUrl },
  });
}

/** Programs by their text. */
const built = new Map<string, string>();

/** The program that runs a text: the language's own, or one that is built of it once. */
async function programOf({ program, ending, build }: Language, text: string, file: string): Promise<string> {
  await writeFile(file, text);
  if (build === undefined) return program;
  const known = built.get(text);
  if (known !== undefined) return known;
  const to = join(folder, `${ending}-${built.size}`);
  await promisify(execFile)(program, build(file, to), { env: { ...process.env, GO111MODULE: 'off' } });
  built.set(text, to);
  return to;
}

/** Runs a program in the language, with a backend's environment; answers its lines. */
async function lines(
  language: Language,
  text: string,
  env: { readonly url: string; readonly secret?: string },
  args: readonly string[] = [],
): Promise<string[]> {
  const file = join(folder, `recipe.${language.ending}`);
  const program = await programOf(language, text, file);
  const { stdout } = await promisify(execFile)(program, [...language.run(file), ...args], {
    env: {
      ...process.env,
      BILLHOOK_HOST_ID: 'acme',
      BILLHOOK_URL: env.url,
      BILLHOOK_HOST_SECRET: env.secret ?? hostSecret,
      PYTHONIOENCODING: 'utf-8',
      LANG: 'C.UTF-8',
    },
  });
  return stdout.split('\n').slice(0, -1);
}

describe.each(Object.entries(languages))('the recipe in %s', (name, language) => {
  const missing = isThere(language) ? false : `${language.program} is not on this machine`;

  it.skipIf(missing)('mints tokens that the verifier accepts, with any ends of secret and address', async () => {
    for (const end of ['', '\n', ' \r\n\n']) {
      const url = end === '' ? publicUrl : `${publicUrl}/`;
      const tokens = await lines(language, language.tokens, { url, secret: `${hostSecret}${end}` });
      const verified = await Promise.all(
        tokens.map((token) => verifyWidgetToken(token, { issuer: 'acme', audience: publicUrl, secrets: [hostSecret] })),
      );
      // Go's and Java's functions introduce no customer.
      const introduces = language.tokens.includes('cus_1') ? 'cus_1' : null;
      expect(verified).toMatchObject([
        { account: 'team_1', scopes: new Set(['billing:read', 'billing:manage']), introduces: null },
        { account: 'équipe', scopes: new Set(['access']), introduces },
      ]);
    }
  });

  const { guard } = language;
  it.skipIf(missing || guard === undefined)('guards as @billhook/host does', async () => {
    const questions = ['', 'team_active', 'team_ended', 'team_restricted', 'team_doubted', 'team_stranger'].flatMap(
      (account) =>
        ['full,,', 'readOnly,,', 'full,team,', 'full,starter,', 'readOnly,,forecasts', 'full,,sso'].map(
          (rule) => `${account},${rule}`,
        ),
    );
    const ask = (url: string) => lines(language, guard ?? '', { url }, questions);
    const host = createBillhookHost({
      url: server.url,
      issuer: 'acme',
      secret: hostSecret,
      onUnknown: 'refuse',
      onUnreachable: 'refuse',
      timeoutMs: 60_000,
    });
    const expected = await Promise.all(
      questions.map(async (question) => {
        const [account = '', level, plan, feature] = question.split(',');
        const decision = await host
          .guard({
            level: level === 'readOnly' ? 'readOnly' : 'full',
            ...(plan ? { plan } : {}),
            ...(feature ? { feature } : {}),
          })
          .check(account);
        return decision.allowed ? '' : decision.refusal.code;
      }),
    );
    expect(new Set(expected).size, name).toBe(6);
    expect(await ask(server.url)).toEqual(expected);
    expect(new Set(await ask('http://127.0.0.1:9'))).toEqual(new Set(['account_missing', 'billing_unreachable']));
  });

  it.skipIf(missing || guard === undefined)('lets no account pass when the settings are wrong', async () => {
    const wrong = { url: server.url, secret: 'another-secret-of-somebody-of-32-bytes' };
    const ask = (env: Parameters<typeof lines>[2]) => lines(language, guard ?? '', env, ['team_active,full,,']);
    await expect(ask(wrong)).rejects.toThrow(/billhook refuses/);
    await expect(ask({ url: `${elsewhere.url}/moved` })).rejects.toThrow(/billhook refuses/);
    await expect(ask({ url: `${elsewhere.url}/page` })).rejects.toThrow();
    await expect(ask({ url: `${elsewhere.url}/other` })).rejects.toThrow(
      /billhook: the answer is about another account/,
    );
    expect(carried).toBe(0);
  });
});

it('every language is marked as tested or untested', () => {
  const sections = page.split(/^## /m).slice(1);
  const tested = sections.filter((section) => section.includes('\nRun by a test.'));
  const untested = sections.filter((section) => section.includes('\nNot run by a test yet.'));
  expect(tested.map((section) => section.split('\n')[0])).toEqual(Object.keys(languages));
  expect(untested.map((section) => section.split('\n')[0])).toEqual(['C#', 'Elixir']);
});
