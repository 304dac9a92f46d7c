/** What hosts are told they may dress is what there is to dress. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const source = new URL('../../widget/src/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, source), 'utf8');
const found = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].flatMap(([, names = '']) => names.split(' ')))].toSorted();

const templates = readdirSync(new URL('templates/', source)).map((name) => read(`templates/${name}`));
const widget = read('billhook-widget.ts');

describe('what hosts may dress', () => {
  it('custom properties: those documented are those used', () => {
    expect(found(widget, /@cssproperty (--billhook-[\w-]+)/g)).toEqual(
      found(read('styles.ts'), /var\((--billhook-[\w-]+)/g),
    );
  });

  it('parts: those documented are those there are', () => {
    const code = [...templates, widget.replace(/\/\*[^]*?\*\//g, '')].join('');
    const there = found(code, /\bpart="([^"$]+)"/g);
    // A button's parts are put together: `button button-primary`.
    const documented = [...found(widget, /@csspart ([\w-]+)/g), 'button-secondary', 'retry'].toSorted();
    expect(there).toEqual(documented);
  });
});
