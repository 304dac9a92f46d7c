/**
 * The reference of the elements, made of their classes' JSDoc: `node build/reference.ts`. The manifest is for tools and
 * documentation sites, two are for VS Code's completion in HTML and CSS, and the English words are for pages that need more of
 * them than the script has. A test holds them to the sources.
 */

// @ts-expect-error -- it brings no types
import { cli } from '@custom-elements-manifest/analyzer/cli.js';
import { generateVsCodeCustomElementData } from 'custom-element-vs-code-integration';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { en } from '../src/i18n/locales/en.ts';
import { enMore } from '../src/i18n/locales/en-more.ts';

const root = resolve(import.meta.dirname, '..');
const manifestFile = 'custom-elements.json';
const htmlDataFile = 'vscode.html-custom-data.json';
const cssDataFile = 'vscode.css-custom-data.json';

/** @returns the files' texts by their names, relative to the package */
export async function reference(): Promise<Record<string, string>> {
  const argv = ['analyze', '--config', 'build/custom-elements-manifest.config.js'];
  const manifest = await cli({ argv, cwd: root, noWrite: true });

  const folder = await mkdtemp(join(tmpdir(), 'billhook-reference-'));
  try {
    generateVsCodeCustomElementData(manifest, {
      outdir: folder,
      htmlFileName: htmlDataFile,
      cssFileName: cssDataFile,
      hideLogs: true,
    });
    return {
      // Where the modules are in the package as it is published.
      [manifestFile]: written(manifest).replaceAll(/"src\/([\w/-]+)\.ts"/g, '"dist/$1.js"'),
      [htmlDataFile]: written(JSON.parse(await readFile(join(folder, htmlDataFile), 'utf8'))),
      'src/i18n/locales/en.json': written({ ...en, ...enMore }),
      [cssDataFile]: written(JSON.parse(await readFile(join(folder, cssDataFile), 'utf8'))),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const written = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;

if (import.meta.main) {
  for (const [name, text] of Object.entries(await reference())) await writeFile(join(root, name), text);
}
