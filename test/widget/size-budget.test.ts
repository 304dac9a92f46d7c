/** The bytes that a host page loads for the script tag, by purpose. */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { internalNames } from '../../widget/build/minify.ts';
import { weigh } from '../../widget/build/weigh.ts';

/** All four elements, Lit, and the English words of a first paint, in bytes of brotli. Earned by writing less, not by patching Lit. */
const limit = 19_000;

describe('the built widget', async () => {
  // As it is built for pages: a test's own mode would bring Lit's development build.
  vi.stubEnv('NODE_ENV', 'production');
  const weight = await weigh(fileURLToPath(new URL('../../widget', import.meta.url)));
  const file = await readFile(new URL('../../widget/dist/widget.js', import.meta.url), 'utf8');

  it(`is at most ${limit} bytes of brotli, all in`, () => {
    const parts = Object.entries(weight.parts).map(([part, bytes]) => `${part} ${bytes}`);
    process.stdout.write(
      `\n  widget.js: ${weight.brotli} bytes of brotli (limit ${limit}), ${weight.code.length} minified\n` +
        `  Lit alone, as published: ${weight.lit}; ours alone, Lit left outside: ${weight.ours}\n` +
        `  by part, what leaving it out would save: ${parts.join(', ')}\n`,
    );
    expect(Math.min(...Object.values(weight.parts)), 'every part was found').toBeGreaterThan(500);
    expect(weight.brotli).toBeLessThanOrEqual(limit);
  });

  it('shortens no name that a page, an answer or a stored item has', async () => {
    const files = ['contract.ts', 'page/config.ts', 'page/events.ts', 'page/errors.ts', 'i18n/locales/en.json'];
    const sources = files.map((path) => readFile(new URL(`../../widget/src/${path}`, import.meta.url), 'utf8'));
    const manifest = await readFile(new URL('../../widget/custom-elements.json', import.meta.url), 'utf8');
    const said = [...(await Promise.all(sources)), ...(manifest.match(/"name": ".*"/g) ?? [])]
      .join('\n')
      .replaceAll(/\/\*[^]*?\*\/|\/\/.*|^import.*/gm, '');
    expect(internalNames.filter((name) => new RegExp(`\\b${name}\\b`).test(said))).toEqual([]);
    expect(file).not.toContain('sinceReturn');
  });

  it('is built from the present sources', () => {
    expect(file.length).toBe(weight.code.length);
    expect(file).toBe(weight.code);
  });

  it('is one module that loads no other, and has its public exports', () => {
    expect(file).not.toMatch(/\bimport\s*[({"'`]|\bfrom\s*["'`]/);
    expect(file).toMatch(/export\{\w+ as configureBillhook,\w+ as forgetBillhook\}/);
  });

  it("has one Trusted Types policy, ours, and not Lit's", () => {
    expect(file.match(/createPolicy\((["'`])billhook\1/g)).toHaveLength(1);
    expect(file).not.toMatch(/createPolicy\([`"']lit-html/);
  });

  it('makes no inline style', () => expect(file).not.toMatch(/createElement\([`"']style|[^:]style=/));
});
