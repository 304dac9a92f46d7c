/**
 * How much script a page loads for another product's billing component, beside `widget.js` with Lit within: what is published
 * on npm, built for production with React, which its page has to have. Stripe's own pricing table, Chargebee's and Paddle's
 * are not published, but loaded from their servers, and most of them into a frame.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import type { Line } from './line.ts';

const widget = resolve(import.meta.dirname, '../../widget/dist/widget.js');

export const scriptVersions = {
  react: '19',
  'react-dom': '19',
  '@schematichq/schematic-components': '2.21.0',
  '@stripe/react-stripe-js': '6',
  '@stripe/stripe-js': '9',
  '@clerk/clerk-js': '6.40.0',
};

const schematic = `
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { EmbedProvider, SchematicEmbed } from '@schematichq/schematic-components';
createRoot(document.body).render(
  createElement(EmbedProvider, null, createElement(SchematicEmbed, { id: 'one', accessToken: 'one' })),
);
`;

/** @param folder - in which the peers are installed */
export async function scriptLines(folder: string): Promise<readonly Line[]> {
  const own = brotliCompressSync(await readFile(widget)).length;
  const clerk = await readFile(join(folder, 'node_modules/@clerk/clerk-js/dist/clerk.browser.js'));
  const peers = {
    'Schematic’s portal, with React': await firstScripts(folder, schematic),
    'Clerk, before what it loads later': brotliCompressSync(clerk).length,
  };
  return Object.entries(peers).map(([name, bytes]) => ({
    what: 'script that a page loads, brotli',
    ours: kilobytes(own),
    baseline: `${name}: ${kilobytes(bytes)}`,
    ratio: bytes / own,
    limit: '',
    goal: null,
  }));
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

/** Bytes of what a page loads before it renders: the entry with all that it imports at once. */
async function firstScripts(folder: string, source: string): Promise<number> {
  const entry = join(folder, 'entry.js');
  await writeFile(entry, source);
  const built = (await build({
    root: folder,
    configFile: false,
    mode: 'production',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, rolldownOptions: { input: entry } },
  })) as Rolldown.RolldownOutput;
  const chunks = new Map(
    built.output.flatMap((each) => (each.type === 'chunk' ? [[each.fileName, each] as const] : [])),
  );
  const wanted = [...chunks.values()].filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName);
  for (const name of wanted) wanted.push(...(chunks.get(name)?.imports ?? []).filter((each) => !wanted.includes(each)));
  return wanted.reduce((sum, name) => sum + brotliCompressSync(chunks.get(name)?.code ?? '').length, 0);
}
