/**
 * A Next.js application as `docs/nextjs.md` writes it: each block that begins with a path is that file. Files that the
 * page leaves to its reader are here: a layout, two pages without billing, and the place of the npm element.
 */

import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { childEnvironment } from '../support/child-environment.ts';
import { installPacked } from '../packages/packed.ts';

const root = resolve(import.meta.dirname, '../..');

export type Way = 'mounted' | 'standalone' | 'functions';

export interface NextApplication {
  /** The packed `dist/widget.js`, as npm would bring it. */
  readonly script: string;
  /** The packed `billhook`, for a server beside it. */
  readonly billhook: string;
  /** `next build`, with no variable of Billhook's; answers its output. */
  build(): Promise<string>;
  /** `next start`; resolves when it takes requests. */
  start(port: number, env: Readonly<Record<string, string>>): Promise<{ stop(): Promise<void>; said: string[] }>;
  remove(): Promise<void>;
}

/** The files around the page's own. */
const surroundings: Readonly<Record<string, string>> = {
  'app/layout.tsx': `import type { ReactNode } from 'react';
export default function Layout({ children }: { children: ReactNode }) {
  return <html lang="en"><head><link rel="icon" href="data:," /></head><body>{children}</body></html>;
}`,
  'app/page.tsx': 'export default function Page() { return <p>the host</p>; }',
  'app/studio/page.tsx': 'export default function Page() { return <p>the studio</p>; }',
  'app/settings/plan/page.tsx': `import { connection } from 'next/server';
import { Plan } from '../billing/plan';
export default async function Page() {
  await connection();
  return <Plan api={process.env.BILLHOOK_URL ?? ''} />;
}`,
  'package.json': '{ "private": true, "type": "module" }',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      lib: ['dom', 'dom.iterable', 'esnext'],
      module: 'esnext',
      moduleResolution: 'bundler',
      strict: true,
      noEmit: true,
      jsx: 'react-jsx',
      isolatedModules: true,
      allowJs: true,
      esModuleInterop: true,
      resolveJsonModule: true,
      skipLibCheck: true,
      incremental: true,
      plugins: [{ name: 'next' }],
      paths: { '@/*': ['./*'] },
    },
    include: ['**/*.ts', '**/*.tsx', '.next/types/**/*.ts', '.next/dev/types/**/*.ts'],
    exclude: ['node_modules'],
  }),
};

/** The one thing that a test has to change in the documented files: where Stripe is, and which customer a team has. */
const changes: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'billhook.ts': ["{ secretKey: setting('STRIPE_SECRET_KEY'),", '$& apiUrl: process.env.STRIPE_API_URL,'],
  'session.ts': ['customer: null }', "customer: JSON.parse(process.env.CUSTOMERS ?? '{}')[id] ?? null }"],
};

async function documentedFiles(way: Way): Promise<Readonly<Record<string, string>>> {
  const page = await readFile(join(root, 'docs/nextjs.md'), 'utf8');
  const without: Readonly<Record<Way, readonly string[]>> = {
    functions: [],
    mounted: ['On functions'],
    standalone: ['Mounted', 'On functions'],
  };
  // A later section's file stands in place of an earlier one's.
  const sections = page
    .split(/^## /m)
    .filter((section) => !without[way].some((heading) => section.startsWith(`${heading}\n`)));
  const blocks = sections.flatMap((section) => [
    ...section.matchAll(/^```tsx?\n\/\/ (?<path>\S+)\n(?<code>[\s\S]*?)^```$/gm),
  ]);
  return Object.fromEntries(
    blocks.map(({ groups }) => {
      const { path = '', code = '' } = groups ?? {};
      const [from, to] = changes[path] ?? ['', ''];
      if (!code.includes(from)) throw new Error(`docs/nextjs.md: ${path} has no ${from}`);
      return [path, from === '' ? code : code.replace(from, to)];
    }),
  );
}

/** Next.js of another version than the workspace's, brought by npm: `NEXT_VERSION=15.5.29`. Default: the workspace's. */
const version = process.env['NEXT_VERSION'];

/** As the page says of the time before 16: the proxy is called middleware, and beside a ledger it runs in Node.js. */
function asBefore16(files: Readonly<Record<string, string>>, way: Way): Readonly<Record<string, string>> {
  const { 'proxy.ts': proxy = '', ...others } = files;
  const named = ['function proxy', 'function middleware'] as const;
  const inNode = ["matcher: '/studio/:path*'", "$&, runtime: 'nodejs'"] as const;
  let middleware = proxy;
  for (const [from, to] of way === 'standalone' ? [named] : [named, inNode]) {
    if (!middleware.includes(from)) throw new Error(`docs/nextjs.md: the proxy has no ${from}`);
    middleware = middleware.replace(from, to);
  }
  return { ...others, 'middleware.ts': middleware };
}

/** Within the repository, whose root the bundler takes for its own, and outside of `node_modules`, where it compiles nothing. */
export async function nextApplication(way: Way): Promise<NextApplication> {
  const consumer = await installPacked(join(root, '.built'));
  const { folder } = consumer;
  const documented = await documentedFiles(way);
  const files = { ...surroundings, ...(version?.startsWith('15.') ? asBefore16(documented, way) : documented) };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  // Above the project: its own modules are links, and npm would take them for its own to change.
  const tools = join(folder, '../next');
  if (version !== undefined) {
    await mkdir(tools);
    await writeFile(join(tools, 'package.json'), '{ "private": true }');
    const wanted = [`next@${version}`, 'react@19', 'react-dom@19'];
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', ...wanted], { cwd: tools });
  }
  const nextModules = version === undefined ? join(root, 'test/node_modules') : join(tools, 'node_modules');
  const installed: Readonly<Record<string, string>> = {
    next: join(nextModules, 'next'),
    react: join(nextModules, 'react'),
    'react-dom': join(nextModules, 'react-dom'),
    '@types/react': 'demo/node_modules/@types/react',
    typescript: 'node_modules/typescript',
  };
  for (const [name, from] of Object.entries(installed)) {
    const to = join(folder, 'node_modules', name);
    if (!existsSync(to)) await symlink(await realpath(resolve(root, from)), to, 'junction');
  }
  const next = join(folder, 'node_modules/next/dist/bin/next');
  const env = { ...childEnvironment, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };

  return {
    billhook: join(folder, 'node_modules/@billhook/server/dist/cli/cli.js'),
    script: await readFile(join(folder, 'node_modules/@billhook/widget/dist/widget.js'), 'utf8'),
    async build() {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [next, 'build'], { cwd: folder, env });
      return stdout + stderr;
    },
    async start(port, own) {
      const child = spawn(process.execPath, [next, 'start', '--port', String(port), '--hostname', '127.0.0.1'], {
        cwd: folder,
        env: { ...env, ...own },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said: string[] = [];
      const ended = new Promise<void>((end) => child.once('exit', () => end()));
      await new Promise<void>((ready, failed) => {
        for (const stream of [child.stdout, child.stderr]) {
          createInterface(stream).on('line', (line) => {
            said.push(line);
            if (line.includes('Ready in')) ready();
          });
        }
        void ended.then(() => failed(new Error(`next start ended:\n${said.join('\n')}`)));
      });
      const stop = async () => {
        child.kill();
        await ended;
      };
      return { stop, said };
    },
    remove: () => consumer.remove(),
  };
}
