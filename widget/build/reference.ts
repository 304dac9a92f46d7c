/**
 * The reference of the elements, made of their classes' JSDoc: `node build/reference.ts`. The manifest is for tools and
 * documentation sites, the other two are for VS Code's completion in HTML and CSS. A test holds them to the sources.
 */

import { cli } from '@custom-elements-manifest/analyzer/cli.js';
import { generateVsCodeCustomElementData } from 'custom-element-vs-code-integration';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const manifestFile = 'custom-elements.json';
const htmlDataFile = 'vscode.html-custom-data.json';
const cssDataFile = 'vscode.css-custom-data.json';

/** @returns the files' texts by their names, relative to the package */
export async function reference(): Promise<Record<string, string>> {
  const globs = ['src/billhook-*.ts', 'src/events.ts'];
  const argv = ['analyze', '--quiet', '--litelement', ...globs.flatMap((glob) => ['--globs', glob])];
  const manifest: { modules: Module[] } = await cli({ argv, cwd: root, noWrite: true });
  for (const module of manifest.modules) shown(module);

  const folder = await mkdtemp(join(tmpdir(), 'billhook-reference-'));
  try {
    generateVsCodeCustomElementData(manifest, {
      outdir: folder,
      htmlFileName: htmlDataFile,
      cssFileName: cssDataFile,
      prettierConfig: { parser: 'json', printWidth: 120 },
      hideLogs: true,
    });
    return {
      // Where the modules are in the package as it is published.
      [manifestFile]: `${JSON.stringify(manifest, null, 2).replaceAll(/"src\/([\w-]+)\.ts"/g, '"dist/$1.js"')}\n`,
      [htmlDataFile]: await readFile(join(folder, htmlDataFile), 'utf8'),
      [cssDataFile]: await readFile(join(folder, cssDataFile), 'utf8'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Leaves what a page may use. What is private is the sources' own affair. */
function shown({ declarations }: Module): void {
  for (const declaration of declarations) {
    // An event that is dispatched without its name in sight; the JSDoc has it.
    declaration.events = declaration.events?.filter(({ name }) => name);
    declaration.members = declaration.members?.filter(
      ({ name, privacy }) => privacy !== 'private' && privacy !== 'protected' && !name.startsWith('#'),
    );
  }
}

/** As much of the manifest's schema as is touched here. */
interface Module {
  readonly declarations: {
    events?: { name?: string }[] | undefined;
    members?: { name: string; privacy?: string }[] | undefined;
  }[];
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await reference())) await writeFile(join(root, name), text);
}
