/** The reference that is published says what the sources do, and all of it. */

import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reference } from '../../widget/build/reference.ts';

const root = resolve(import.meta.dirname, '../../widget');
const source = (path: string) => readFileSync(join(root, 'src', path), 'utf8');

interface Item {
  readonly name: string;
  readonly description?: string;
  readonly default?: string;
  readonly type?: { readonly text: string };
}
interface Element {
  readonly name: string;
  readonly tagName?: string;
  readonly description: string;
  readonly attributes: readonly Item[];
  readonly events: readonly Item[];
  readonly cssParts: readonly Item[];
  readonly cssProperties: readonly Item[];
  readonly slots?: readonly Item[];
}

const made = await reference();
const manifest = JSON.parse(made['custom-elements.json'] ?? '') as {
  modules: { path: string; declarations: Element[] }[];
};
const elements = manifest.modules.flatMap(({ declarations }) => declarations).filter(({ tagName }) => tagName);
const names = (items: readonly Item[] = []) => items.map(({ name }) => name).toSorted();

/** Every function of the templates, by its name. */
const templates = new Map<string, string>();
for (const file of await readdir(join(root, 'src/elements/templates'))) {
  for (const text of source(`elements/templates/${file}`)
    .split(/^(?=(?:export )?function )/m)
    .slice(1)) {
    templates.set(/function (\w+)/.exec(text)?.[1] ?? '', text);
  }
}

/** The sources of an element: its own, the template functions that it calls, and those that they call. */
function sourcesOf(tagName: string): string {
  const seen = new Set<string>();
  const add = (text: string): string => {
    seen.add(text);
    const called = [...templates].filter(([name, body]) => !seen.has(body) && new RegExp(`\\b${name}\\(`).test(text));
    return [text, ...called.map(([, body]) => add(body))].join('\n');
  };
  return add(source(`elements/${tagName}.ts`).replace(/^\/\*\*[^]*?\*\/$/gm, ''));
}

/** The parts in it, those of a button by which kinds are asked for. */
function partsOf(text: string): string[] {
  const parts = [...text.matchAll(/\bpart="([^"]+)"/g)].flatMap(([, value = '']) => value.split(' '));
  if (text.includes('part=${part}')) {
    const kinds = text.replace("kind: 'primary' | 'secondary'", '').matchAll(/'(primary|secondary)'/g);
    parts.push('button', ...[...kinds].map(([, kind]) => `button-${kind}`));
  }
  return [...new Set(parts)].toSorted();
}

describe('the reference', () => {
  it.each(Object.keys(made))(
    '%s is as the sources make it; else: pnpm --filter @billhook/widget reference',
    async (name) => {
      expect(await readFile(join(root, name), 'utf8')).toBe(made[name]);
    },
  );

  it('knows the four elements, each with a description and an example', () => {
    expect(elements.map(({ tagName }) => tagName).toSorted()).toEqual([
      'billhook-manage-button',
      'billhook-past-due-banner',
      'billhook-plan-status',
      'billhook-widget',
    ]);
    for (const { tagName, description } of elements)
      expect(description).toMatch(new RegExp(`\`\`\`html[^]*<${tagName} `));
  });

  it('describes everything that it names', () => {
    const blank = elements.flatMap(({ tagName, attributes, events, cssParts, cssProperties, slots = [] }) =>
      [...attributes, ...events, ...cssParts, ...cssProperties, ...slots]
        .filter(({ description }) => !description)
        .map(({ name }) => `${tagName} ${name}`),
    );
    expect(blank).toEqual([]);
  });
});

describe('the reference and the sources agree on', () => {
  it('custom properties, with their defaults', () => {
    const own = (text: string) =>
      text.replaceAll(
        /--_(text|paper|radius)\b/g,
        (_all, name) => `--billhook-${name === 'paper' ? 'background' : (name as string)}`,
      );
    const used = new Map<string, string>();
    for (const [, name = '', fallback = ''] of source('elements/styles.ts').matchAll(
      /var\((--billhook-[\w-]+), ((?:[^()]|\((?:[^()]|\([^()]*\))*\))+)\)/g,
    )) {
      // What stands later is for browsers that can more, or outside a box.
      if (!used.has(name)) used.set(name, own(fallback));
    }
    const all = new Set(source('elements/styles.ts').match(/--billhook-[\w-]+/g));
    expect([...used.keys()].toSorted(), 'each is used once, with a fallback').toEqual([...all].toSorted());
    for (const { tagName, cssProperties } of elements) {
      expect(cssProperties.map((property) => [property.name, property.default]).toSorted(), tagName).toEqual(
        [...used].toSorted(),
      );
    }
  });

  it.each(elements.map((element) => [element.tagName ?? '', element] as const))(
    '%s: parts and slots',
    (tagName, element) => {
      const text = sourcesOf(tagName);
      expect(names(element.cssParts)).toEqual(partsOf(text));
      const slots = [...text.matchAll(/<slot name="([^"]+)"/g)].map(([, name = '']) => name);
      expect(names(element.slots)).toEqual(slots.toSorted());
    },
  );

  it('attributes: those that the elements observe, and the one for style alone', async () => {
    const { BillhookWidget } = await import('@billhook/widget');
    const observed = Object.entries<{ attribute?: string }>(BillhookWidget.properties).map(
      ([name, { attribute }]) => attribute ?? name,
    );
    for (const { tagName, attributes } of elements) {
      expect(names(attributes), tagName).toEqual([...observed, 'theme'].toSorted());
    }
    expect(source('elements/styles.ts')).toContain(":host([theme='dark'])");
  });

  it('attributes: the frameworks’ types have the same, with the same values', () => {
    const types = new Map(
      [...source('types/markup.ts').matchAll(/^  '?([\w-]+)'?\?: (.+) \| undefined;$/gm)].map(
        ([, name = '', type = '']) => [name, type] as const,
      ),
    );
    const attributes = elements[0]?.attributes ?? [];
    expect(attributes.map(({ name, type }) => [name, type?.text.replace(' | undefined', '')]).toSorted()).toEqual(
      [...types].toSorted(),
    );
  });

  it('events: those with a class', () => {
    const fired = [...source('page/events.ts').matchAll(/super\('(billhook-[\w-]+)'/g)].map(([, name = '']) => name);
    const listed = new Set(elements.flatMap(({ events }) => names(events)));
    expect([...listed].toSorted()).toEqual(fired.toSorted());
    for (const { tagName = '', events } of elements) {
      expect(names(events).includes('billhook-action'), tagName).toBe(sourcesOf(tagName).includes('this.press'));
    }
  });
});
