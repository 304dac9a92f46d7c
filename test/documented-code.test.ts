/**
 * Code that the documents show is code that a reader pastes: TypeScript is compiled with strict types against the packages,
 * JSON is read as the options that it shows, and a command line names commands and options that there are.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { optionsFrom } from '../server/src/cli/environment.ts';
import { readConfig } from '../server/src/config/config.ts';
import { hostSecret } from './server/support/bff.ts';
import { childEnvironment } from './support/child-environment.ts';
import { blocks, inLanguages, nameOf, type Block } from './support/documented-blocks.ts';

const root = resolve(import.meta.dirname, '..');

/** The tests that compile or run a language's blocks. */
const readBy: Readonly<Record<string, readonly string[]>> = {
  'documented-code.test.ts': ['ts', 'js', 'json', 'sh'],
  'documented-markup.test.ts': ['tsx', 'vue', 'svelte'],
  'e2e/documented-pages.e2e.ts': ['html', 'css'],
  'e2e/nextjs.e2e.ts': ['ts', 'tsx'],
  'packages/first-hour.test.ts': ['js', 'json', 'python'],
  'server/cli/doctor.test.ts': ['text'],
  'server/tokens/recipes.test.ts': ['python', 'ruby', 'php', 'go', 'java'],
  'no test, for want of their compilers': ['csharp', 'elixir'],
};

it('every block is of a page that is read, and without a language only where it is a picture', async () => {
  const folders = ['.', 'docs', 'server', 'server/host', 'widget'];
  const names = await Promise.all(
    folders.map(async (folder) => (await readdir(join(root, folder))).map((name) => posix.join(folder, name))),
  );
  for (const page of names.flat().filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(join(root, page), 'utf8');
    const fences = [...text.matchAll(/^```(?<language>\w*)\n(?<code>[\s\S]*?)^```$/gm)].map(({ groups }) => groups);
    const read = fences.filter((fence) => fence?.['language'] !== '');
    expect(read, page).toHaveLength(blocks.filter((block) => block.page === page).length);
    for (const fence of fences) if (fence?.['language'] === '') expect(fence['code'], page).toMatch(/[─→/]/);
  }
});

it('every block is of a language that a test reads', () => {
  const read = new Set(Object.values(readBy).flat());
  const strangers = blocks.filter(({ language }) => !read.has(language));
  expect(strangers.map(nameOf)).toEqual([]);
  expect(blocks.length).toBeGreaterThan(30);
});

/** What a page's code takes for granted: the reader's own application. */
const surroundings: Readonly<Record<string, string>> = {
  'README.md': `
    import { Hono, type Context, type Handler } from 'hono';
    declare const app: Hono;
    declare const exportRoute: Handler;
    declare function requireUser(c: Context): { teamId: string; stripeCustomer: string | null; isOwner: boolean };`,
  'server/README.md': `
    import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
    import { getRequestListener } from '@hono/node-server';
    import type { Billhook, BillhookOptions } from '@billhook/server';
    declare const options: BillhookOptions;
    declare const billhook: Billhook;
    declare const billing: ReturnType<typeof getRequestListener>;
    declare const user: { teamId: string };
    declare function closeYourServer(): Promise<void>;
    declare function keepAlive(work: Promise<void>): void;
    declare function yours(request: IncomingMessage, response: ServerResponse): void;`,
  'server/host/README.md': `
    import type { BillhookHost } from '@billhook/host';
    declare const billing: BillhookHost;
    declare const user: { teamId: string; stripeCustomer: string | null };
    declare const teamId: string;
    declare const request: Request;
    declare function teamOf(request: Request): Promise<string | null>;
    declare function rows(): Promise<unknown[]>;
    declare function redirect(to: string): never;
    declare const NextResponse: { next(): Response };`,
  'widget/README.md': `
    import { configureBillhook } from '@billhook/widget';
    import '@billhook/widget';
    declare function fetchToken(): Promise<{ token: string }>;
    declare const api: { post(path: string): Promise<void> };`,
};

/** The same for a framework that a block's first comment names. */
const ofFramework: Readonly<Record<string, string>> = {
  Hono: `
    import { Hono, type Context, type Handler } from 'hono';
    declare const app: Hono<{ Variables: { teamId: string } }>;
    declare const exportRoute: Handler;`,
  Express: `
    import type { Application, Request as ExpressRequest, RequestHandler, Response } from 'express';
    declare const app: Application;
    declare function teamOf(request: ExpressRequest): string | null;
    type Request = ExpressRequest & { user?: { teamId: string } };
    declare const exportRoute: RequestHandler;`,
  Fastify: `
    import type { FastifyInstance, FastifyRequest as Incoming } from 'fastify';
    declare const app: FastifyInstance;
    declare const fastify: FastifyInstance;
    type FastifyRequest = Incoming & { user?: { teamId: string } };
    declare const exportRoute: () => Promise<string>;`,
};

/** Modules of the reader's own that a block imports. */
const ownModules: Readonly<Record<string, string>> = {
  'billhook.ts': `import { lazyBillhook, type BillhookOptions } from '@billhook/server';
    declare const options: BillhookOptions;
    export const billhook = lazyBillhook(() => options);`,
};

/** The block as a module: its own imports and declarations go before what surrounds it. */
function moduleOf({ page, code }: Block): string {
  const framework = /^\/\/ (?<name>Hono|Express|Fastify)\b/.exec(code)?.groups?.['name'] ?? '';
  const surrounding = `${surroundings[page] ?? ''}${ofFramework[framework] ?? ''}`;
  const declared = new Set(
    [...code.matchAll(/^(?:export )?const (?:\{ (?<several>[^}]*) \}|(?<one>\w+))/gm)].flatMap(
      ({ groups }) => groups?.['one'] ?? (groups?.['several'] ?? '').split(', '),
    ),
  );
  const imported = new Set(
    [...code.matchAll(/^import \{ (?<names>[^}]*) \}/gm)].flatMap(({ groups }) =>
      (groups?.['names'] ?? '').split(', '),
    ),
  );
  const kept = surrounding
    .split('\n')
    .filter((line) => {
      const name = /declare const (?<name>\w+)/.exec(line)?.groups?.['name'] ?? '';
      return !declared.has(name) && !imported.has(name);
    })
    .map((line) =>
      line.replace(/import \{ (?<names>[^}]*) \}/, (whole, names: string) => {
        const rest = names.split(', ').filter((name) => !imported.has(name));
        return rest.length === 0 ? 'import {}' : whole.replace(names, rest.join(', '));
      }),
    )
    .join('\n');
  const returns = /^return /m.test(code);
  const body = returns ? `export async function shown() {\n${code}\n}` : code;
  return `${kept}\n${body}\nexport {};\n`;
}

describe('TypeScript and JavaScript', () => {
  let folder: string;
  beforeAll(async () => {
    // Beside the tests' own dependencies, which a block imports as its reader would.
    await mkdir(join(import.meta.dirname, 'node_modules/.cache'), { recursive: true });
    folder = await mkdtemp(join(import.meta.dirname, 'node_modules/.cache/documented-code-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('compiles as it stands, with strict types', { timeout: 300_000 }, async () => {
    const shown = inLanguages('ts', 'js').filter(
      // Next.js's are compiled as the application that they are (`e2e/nextjs.e2e.ts`).
      ({ page, code }) => !code.includes('@Component') && page !== 'docs/nextjs.md',
    );
    expect(shown.length).toBeGreaterThan(15);
    await Promise.all([
      ...shown.map(async (block) => {
        const name = `${block.page.replaceAll(/\W/g, '-')}-${block.number}.${block.language}`;
        // JavaScript is read, and its types are not asked about.
        await writeFile(join(folder, name), block.language === 'js' ? block.code : moduleOf(block));
      }),
      ...inLanguages('json')
        .filter(({ code }) => Object.hasOwn(JSON.parse(code) as Json, 'level'))
        .map(async ({ code }) =>
          writeFile(
            join(folder, 'answer.ts'),
            `import type { AccessAnswer } from '@billhook/host';\nexport const answer: AccessAnswer = ${code};\n`,
          ),
        ),
      ...Object.entries(ownModules).map(async ([name, text]) => writeFile(join(folder, name), text)),
    ]);
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2024', 'dom', 'dom.iterable'],
      module: 'esnext',
      moduleResolution: 'bundler',
      moduleDetection: 'force',
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      resolveJsonModule: true,
      allowImportingTsExtensions: true,
      allowJs: true,
      paths: { '@/*': ['./*'], '@billhook/host': [join(root, 'server/host/src/index.ts')] },
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts', '*.js'] }));
    const tsc = join(root, 'node_modules/typescript-7/bin/tsc');
    const said = await promisify(execFile)(process.execPath, [tsc, '-p', folder], { env: childEnvironment }).then(
      () => '',
      (cause: { stdout: string }) => cause.stdout,
    );
    expect(said).toBe('');
  });
});

/** What a block of JSON shows, by a name in it; and how that is read. */
const jsonOf: Readonly<Record<string, (code: string, folder: string) => unknown>> = {
  hosts: (code, folder) => readAsFile(JSON.parse(code) as Json, folder),
  checkout: (code, folder) => readAsFile({ hosts: [{ ...ownHost, ...(JSON.parse(code) as Json) }] }, folder),
  // Compiled as an `AccessAnswer`, with the TypeScript above.
  level: () => undefined,
  'html.customData': (code) =>
    Object.values(JSON.parse(code) as Record<string, readonly string[]>)
      .flat()
      .map((path) => readFileSync(join(root, path.replace('./node_modules/@billhook/', '')), 'utf8')),
  // The address is the mounted one of `docs/nextjs.md`, with the route of `POST /v1/upkeep`.
  crons: (code) => expect(JSON.parse(code)).toMatchObject({ crons: [{ path: '/billing/v1/upkeep' }] }),
};

type Json = Readonly<Record<string, unknown>>;
const ownHost = { id: 'app', origins: ['https://app.example'], returnUrl: 'https://app.example/billing' };

/** As `billhook serve` reads its file, with the secrets in the environment. */
async function readAsFile(json: Json, folder: string): Promise<void> {
  const path = join(folder, 'billhook.json');
  await writeFile(path, JSON.stringify(json));
  const secrets = {
    STRIPE_SECRET_KEY: 'sk_test_1',
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
    BILLHOOK_HOST_SECRET: hostSecret,
  };
  await readConfig(optionsFrom({ ...secrets, BILLHOOK_CONFIG: path }));
}

describe('JSON', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billhook-documented-json-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(inLanguages('json').map((block) => [nameOf(block), block] as const))(
    '%s is read as what it shows',
    async (_, { code }) => {
      const shown = Object.keys(JSON.parse(code) as Json).filter((name) => Object.hasOwn(jsonOf, name));
      expect(shown, 'says what it is').toHaveLength(1);
      await jsonOf[shown[0] ?? '']?.(code, folder);
    },
  );
});

describe('a command line', () => {
  const lines = inLanguages('sh').flatMap((block) =>
    block.code
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) => ({ where: nameOf(block), line: line.replace(/\s#.*$/, '').trim() }))
      .filter(({ line }) => line !== '' && !line.startsWith('#')),
  );
  const cli = readFileSync(join(root, 'server/src/cli/cli.ts'), 'utf8');
  const commands = new Set(
    [...cli.matchAll(/^ {2}(?:async )?'?(?<name>[\w-]+)'?(?:\(\) \{|: async)/gm)].map(
      ({ groups }) => groups?.['name'] ?? '',
    ),
  );
  const scripts = Object.keys(
    (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts,
  );

  it('of billhook names a command that there is, and options that it has', async () => {
    const own = lines.flatMap(({ where, line }) => {
      const [, command, rest = ''] = /(?:^|\s)billhook (?<command>[\w-]+)(?<rest>.*)$/.exec(line) ?? [];
      return command === undefined ? [] : [{ where, line, command, flags: rest.match(/--[\w-]+/g) ?? [] }];
    });
    expect(own.length).toBeGreaterThan(8);
    expect(commands.size).toBeGreaterThan(7);
    expect(own.filter(({ command }) => !commands.has(command))).toEqual([]);
    const program = join(root, 'server/src/cli/cli.ts');
    const help = async (command: string) =>
      (await promisify(execFile)(process.execPath, [program, command, '--help'], { env: childEnvironment })).stdout;
    const said = new Map<string, string>();
    for (const { where, line, command, flags } of own) {
      if (flags.length === 0) continue;
      // oxlint-disable-next-line no-await-in-loop -- a process for each command: one at a time
      const text = said.get(command) ?? (await help(command));
      said.set(command, text);
      for (const flag of flags) expect(text, `${where}: ${line}`).toContain(flag);
    }
  });

  it('of pnpm names a script that there is', () => {
    const named = lines.flatMap(({ where, line }) => {
      const script = /(?:^|\s)pnpm (?<script>[\w:]+)/.exec(line)?.groups?.['script'];
      return script === undefined || script === 'install' || script === 'exec' ? [] : [{ where, line, script }];
    });
    expect(named.filter(({ script }) => !scripts.includes(script))).toEqual([]);
  });
});
