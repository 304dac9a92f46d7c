/** The packages, as npm would get them, work in a project outside of this workspace. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consumerProject, typeCheck } from './consumer-project.ts';
import { installPacked, names, type Consumer } from './packed.ts';
import { imported, installedWeight, type Imported, type Installed } from './weight.ts';

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installPacked();
});
afterAll(() => consumer.remove());

describe('the tarballs', () => {
  it('hold compiled files, the documentation, and nothing else', () => {
    const kinds = (files: readonly string[]) =>
      new Set(
        files.map((file) =>
          file.replace(/^dist\/.*?(\.d\.ts|\.js)$/, 'dist/*$1').replace(/locales\/.*\./, 'locales/*.'),
        ),
      );
    expect(kinds(consumer.files.server)).toEqual(
      new Set([
        'LICENSE',
        'README.md',
        'alerts.yml',
        'package.json',
        'dist/*.d.ts',
        'dist/*.js',
        'dist/cli/licenses.md',
      ]),
    );
    expect(kinds(consumer.files.widget)).toEqual(
      new Set([
        'LICENSE',
        'README.md',
        'custom-elements.json',
        'dist/*.d.ts',
        'dist/*.js',
        'dist/integrity.json',
        'package.json',
        'src/i18n/locales/*.json',
        'vscode.css-custom-data.json',
        'vscode.html-custom-data.json',
      ]),
    );
    expect(consumer.files.widget).toContain('dist/widget.js');
    expect(kinds(consumer.files.host)).toEqual(
      new Set(['LICENSE', 'README.md', 'package.json', 'dist/*.d.ts', 'dist/*.js']),
    );
    process.stdout.write(`files: widget ${consumer.files.widget.length}, server ${consumer.files.server.length}\n`);
  });

  it.each(names)('are as the registries’ readers expect them: publint finds nothing in %s', async (name) => {
    const bytes = await readFile(consumer.tarball(name));
    const { messages } = await publint({ pack: { tarball: new Uint8Array(bytes).buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  it('have every file that their package.json names, and depend on nothing of the workspace', async () => {
    for (const name of names) {
      const {
        exports,
        bin = {},
        sideEffects,
        dependencies,
      } = (await consumer.manifest(name)) as unknown as {
        exports: Record<string, string | Record<string, string>>;
        bin?: Record<string, string>;
        sideEffects: false | string[];
        dependencies: Record<string, string>;
      };
      const named = [
        ...Object.values(exports).flatMap((each) => (typeof each === 'string' ? [each] : Object.values(each))),
        ...Object.values(bin),
        ...(sideEffects || []).filter((path) => path.startsWith('./dist')),
      ].map((path) => path.replace('./', '').replace('*', 'de.json'));
      expect(named.filter((path) => !consumer.files[name].includes(path))).toEqual([]);
      expect(Object.values(dependencies).filter((version) => version.startsWith('workspace:'))).toEqual([]);
    }
  });
});

describe('a project outside of the workspace', () => {
  it('type-checks, libraries included', async () => {
    const { folder } = consumer;
    const tsc = join(import.meta.dirname, '../../node_modules/typescript-7/bin/tsc');
    expect(await typeCheck(consumer, tsc, await consumerProject(folder, 'nodenext'))).toEqual([]);
  });

  it('imports everything in Node, where there is no document: a server that renders pages does', async () => {
    const script = `
      import { createBillhook, mintWidgetToken } from '@billhook/server';
      import { configureBillhook, BillhookWidget } from '@billhook/widget';
      import '@billhook/widget/define';
      import '@billhook/widget/react';
      import '@billhook/widget/vue';
      import '@billhook/widget/svelte';
      import '@billhook/widget/solid';
      import '@billhook/widget/contract';
      import words from '@billhook/widget/locales/de.json' with { type: 'json' };
      import manifest from '@billhook/widget/custom-elements.json' with { type: 'json' };
      console.log(typeof createBillhook, typeof configureBillhook, typeof BillhookWidget, typeof words, manifest.schemaVersion);
    `;
    expect(await consumer.node('--input-type=module', '--eval', script)).toEqual({
      code: 0,
      output: 'function function function object 1.0.0\n',
    });
  });

  it('has a package for host backends that is small, and brings no page, database or Stripe along', async () => {
    const { dependencies } = (await consumer.manifest('host')) as unknown as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies)).toEqual(['jose']);
    const script = `
      import { createBillhookHost, mintWidgetToken } from '@billhook/host';
      const secret = 'x'.repeat(32);
      const own = { url: 'https://b.example', issuer: 'a', secret, onUnknown: 'allow', onUnreachable: 'allow' };
      console.log(typeof createBillhookHost(own).access, (await mintWidgetToken({ secret, issuer: 'a', audience: own.url, account: 't' })).split('.').length);
    `;
    expect(await consumer.node('--input-type=module', '--eval', script)).toEqual({ code: 0, output: 'function 3\n' });
  });

  it('M33: weighs a small part of the server: on the disk, at its import and in memory', async () => {
    const [host, server] = await Promise.all(
      ['@billhook/host', '@billhook/server'].map((name) => installedWeight(consumer, name)),
    );
    const modules = {
      host: ['@billhook/host'],
      jose: ['jose/jwt/sign', 'jose/key/import'],
      server: ['@billhook/server'],
    };
    const { host: light, jose, server: heavy } = await imported(consumer, modules, 5);
    if (!host || !server || !light || !jose || !heavy) throw new Error('nothing was measured');
    const time = ({ ms, leastMs }: Imported) => `${ms.toFixed(1)} ms (at best ${leastMs.toFixed(1)})`;
    const row = (name: string, { packages, kilobytes }: Installed, of: Imported) =>
      `${name}: ${packages} packages, ${kilobytes} kB, import ${time(of)}, ${of.megabytes.toFixed(1)} MB of memory\n`;
    process.stdout.write(row('@billhook/host', host, light) + row('@billhook/server', server, heavy));
    process.stdout.write(`what of jose the host imports, alone: ${time(jose)}\n`);
    expect([host.packages, server.packages > 20]).toEqual([2, true]);
    expect(host.kilobytes).toBeGreaterThan(100);
    expect(host.kilobytes).toBeLessThanOrEqual(2_000);
    // Times of one run, on a machine that may be busy: each is compared with what was measured beside it.
    expect(light.ms, 'its own modules beside those of jose').toBeLessThan(4 * jose.ms);
    expect(light.ms).toBeLessThan(heavy.ms / 3);
    expect(light.megabytes).toBeLessThan(heavy.megabytes / 2);
  });

  it('checks options in the library, and finds the script that pages load', async () => {
    const script = `
      import { createBillhook } from '@billhook/server';
      try {
        await createBillhook({ publicUrl: 'nowhere', database: '', stripe: {}, hosts: [] });
      } catch (cause) {
        console.log(cause.code);
      }
      const { readFile } = await import('node:fs/promises');
      const script = await readFile(new URL(import.meta.resolve('@billhook/widget/widget.js')), 'utf8');
      console.log(script.includes('billhook-past-due-banner'));
    `;
    expect(await consumer.node('--input-type=module', '--eval', script)).toEqual({
      code: 0,
      output: 'config_invalid\ntrue\n',
    });
  });

  it('runs the command line', async () => {
    const { bin } = (await consumer.manifest('server')) as unknown as { bin: { billhook: string } };
    const billhook = join(consumer.folder, 'node_modules/@billhook/server', bin.billhook);
    const { code, output } = await consumer.node(billhook, '--help');
    expect([code, output.split('\n')[0]]).toEqual([0, 'billhook <command>']);
    const commands = [...output.matchAll(/^ {2}([a-z][a-z-]+) {2,}/gm)].flatMap(([, command]) => command ?? []);
    expect(commands).toContain('serve');
    for (const command of commands) {
      // Its modules are loaded before its help is printed.
      const help = await consumer.node(billhook, command, '--help');
      expect([help.code, help.output.slice(0, command.length + 9)]).toEqual([0, `billhook ${command}`]);
    }
    const { version } = (await consumer.manifest('server')) as unknown as { version: string };
    expect(await consumer.node(billhook, '--version')).toEqual({ code: 0, output: `billhook ${version}\n` });
    expect(await consumer.node(billhook, 'frobnicate')).toMatchObject({ code: 2 });
  });
});
