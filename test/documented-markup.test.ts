/**
 * M33: the elements in a framework, as the documents show them: each block is compiled by its framework's own checker, in the
 * reader's surroundings. The same block with one mistake is refused, so that a checker that reads nothing is noticed.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment } from './support/child-environment.ts';
import { blocks, nameOf, type Block } from './support/documented-blocks.ts';

const root = resolve(import.meta.dirname, '..');
const demo = join(root, 'demo');

interface Framework {
  readonly isItsOwn: (block: Block) => boolean;
  readonly ending: string;
  /** The reader's page around the block. */
  readonly page: (code: string) => string;
  readonly mistake: readonly [from: string, to: string];
  readonly compilerOptions?: object;
  /** Further options of its own tsconfig. */
  readonly settings?: object;
  /** The checker's command line, with the folder of the page. */
  readonly check: (folder: string) => readonly string[];
}

const tsc = (folder: string) => [join(root, 'node_modules/typescript-7/bin/tsc'), '-p', folder];
const ofDemo = (path: string) => join(demo, 'node_modules', path);
const misspelt = ['token-url', 'tokenurl'] as const;
const opens = (comment: string) => (block: Block) => block.code.startsWith(comment);

const frameworks: Readonly<Record<string, Framework>> = {
  React: {
    isItsOwn: opens('// React'),
    ending: 'tsx',
    page: (code) => `${code}
      declare const team: string;
      declare function setState(state: string): void;`,
    mistake: misspelt,
    compilerOptions: { jsx: 'react-jsx' },
    check: tsc,
  },
  'React, rendered by a server': {
    isItsOwn: ({ page, code }) => page === 'widget/README.md' && code.startsWith("'use client'"),
    ending: 'tsx',
    page: (code) => `${code}
      import { useCallback } from 'react';
      declare function setState(state: string): void;`,
    mistake: ['snapshot.state', 'snapshot.customer'],
    compilerOptions: { jsx: 'react-jsx' },
    check: tsc,
  },
  Solid: {
    isItsOwn: opens('// Solid'),
    ending: 'tsx',
    page: (code) => `${code}
      declare function team(): string;
      declare function setState(state: string): void;`,
    mistake: misspelt,
    compilerOptions: { jsx: 'preserve', jsxImportSource: 'solid-js' },
    check: tsc,
  },
  Vue: {
    isItsOwn: ({ language }) => language === 'vue',
    ending: 'vue',
    page: (code) =>
      code.replace(
        '</script>',
        "import { ref } from 'vue';\nconst team = ref('team_1');\nconst state = ref('');\n</script>",
      ),
    mistake: misspelt,
    settings: { vueCompilerOptions: { strictTemplates: true } },
    check: (folder) => [ofDemo('vue-tsc/bin/vue-tsc.js'), '-p', folder],
  },
  Svelte: {
    isItsOwn: ({ language }) => language === 'svelte',
    ending: 'svelte',
    page: (code) =>
      code.replace(
        '</script>',
        "const team = 'team_1';\n  let state = $state('');\n  export const now = () => state;\n</script>",
      ),
    mistake: misspelt,
    check: (folder) => [
      ofDemo('svelte-check/bin/svelte-check'),
      '--workspace',
      folder,
      '--tsconfig',
      './tsconfig.json',
      '--fail-on-warnings',
    ],
  },
  Angular: {
    isItsOwn: ({ code }) => code.includes('@Component'),
    ending: 'ts',
    page: (code) => `
      import type { BillhookChangeEvent, BillhookErrorEvent } from '@billhook/widget';
      import { Component, CUSTOM_ELEMENTS_SCHEMA, signal } from '@angular/core';
      ${code}
      export class Shown {
        protected readonly team = signal('team_1');
        protected changed({ snapshot }: BillhookChangeEvent): string { return snapshot.state; }
        protected failed({ code }: BillhookErrorEvent): string { return code; }
      }`,
    mistake: ['changed($event)', 'failed($event)'],
    compilerOptions: { experimentalDecorators: true, noEmit: false, rewriteRelativeImportExtensions: true },
    settings: { angularCompilerOptions: { strictTemplates: true } },
    check: (folder) => [ofDemo('@angular/compiler-cli/bundles/src/bin/ngc.js'), '-p', folder],
  },
};

/** Next.js's are files of an application that is built (`e2e/nextjs.e2e.ts`). */
const shown = blocks.filter(
  ({ page, language, code }) =>
    page !== 'docs/nextjs.md' && (['tsx', 'vue', 'svelte'].includes(language) || code.includes('@Component')),
);

it('every block of a framework is of one that is known', () => {
  const known = (block: Block) => Object.values(frameworks).filter(({ isItsOwn }) => isItsOwn(block)).length;
  expect(shown.filter((block) => known(block) !== 1).map(nameOf)).toEqual([]);
  expect(shown.length).toBeGreaterThan(5);
});

describe.each(Object.entries(frameworks))('%s', (_, framework) => {
  const own = shown.filter(framework.isItsOwn);
  let folder: string;
  beforeAll(async () => {
    // Among the demo's pages, whose dependencies are every framework; a checker passes over `node_modules`.
    const built = join(demo, 'host/frameworks/dist');
    await mkdir(built, { recursive: true });
    folder = await mkdtemp(join(built, 'documented-markup-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(own.map((block) => [nameOf(block), block] as const))(
    '%s compiles, and not with a mistake',
    { timeout: 300_000 },
    async (_name, { code }) => {
      const [from, to] = framework.mistake;
      expect(code).toContain(from);
      const write = async (name: string, text: string) =>
        writeFile(join(folder, `${name}.${framework.ending}`), framework.page(text));
      await Promise.all([write('shown', code), write('mistaken', code.replace(from, to)), writeSettings()]);
      const said = await output(framework.check(folder));
      const faults = said.split('\n').filter((line) => /error/i.test(line));
      expect(
        faults.filter((line) => line.includes('shown')),
        said,
      ).toEqual([]);
      expect(said, 'the mistake is found').toMatch(/mistaken/);
    },
  );

  async function writeSettings(): Promise<void> {
    const { compilerOptions = {}, settings = {}, ending } = framework;
    const tsconfig = {
      extends: join(demo, 'host/frameworks/tsconfig.json'),
      ...settings,
      compilerOptions: { ...compilerOptions, outDir: join(folder, 'out') },
      include: [`*.${ending}`],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  }
});

/** A checker ends with a code of its own when it finds the mistake. */
async function output(command: readonly string[]): Promise<string> {
  const run = promisify(execFile)(process.execPath, command, { cwd: demo, env: childEnvironment });
  return await run.then(
    ({ stdout, stderr }) => stdout + stderr,
    (cause: { stdout: string; stderr: string }) => cause.stdout + cause.stderr,
  );
}
