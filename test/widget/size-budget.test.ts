/** What a host page pays for the script tag, and what it pays for. */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

/** 16 KiB. */
const LIMIT = 16 * 1024;
const brotli = (text: string): number =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

describe('the built widget', async () => {
  const file = await readFile(new URL('../../widget/dist/widget.js', import.meta.url), 'utf8');

  it(`is at most ${LIMIT} bytes of brotli`, () => {
    const without = (part: RegExp) => brotli(file) - brotli(file.replace(part, ''));
    const rows = {
      brotli: brotli(file),
      gzip: gzipSync(file, { level: 9 }).length,
      minified: file.length,
      'of it styles': without(/(?<=(["'`]) ?):host\{display:block(?:(?!\1)[^])*/),
      'of it English words': without(/\{loading:(["'`])[^]*?retry:\1[^"'`]*\1\}/),
    };
    process.stdout.write(
      `${Object.entries(rows)
        .map(([name, bytes]) => `${name}: ${bytes}`)
        .join(', ')}\n`,
    );
    expect(rows['of it styles']).toBeGreaterThan(500);
    expect(rows['of it English words']).toBeGreaterThan(500);
    expect(rows.brotli).toBeLessThanOrEqual(LIMIT);
  });

  it('is one module: nothing else is loaded, and what pages may import from it is there', () => {
    expect(file).not.toMatch(/\bimport\s*[({"'`]|\bfrom\s*["'`]/);
    expect(file).toMatch(/export\{\w+ as configureBillhook\}/);
  });

  it("has one Trusted Types policy, ours, and not Lit's", () => {
    expect(file.match(/createPolicy\((["'`])billhook\1/g)).toHaveLength(1);
    expect(file).not.toMatch(/createPolicy\([`"']lit-html/);
  });

  it('makes no inline style', () => expect(file).not.toMatch(/createElement\([`"']style|[^:]style=/));
});
