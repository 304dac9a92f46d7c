/** Comments name their subjects: `support/comment-words.ts` counts the words that let them not. */

import { describe, expect, it } from 'vitest';
import {
  commentsOf,
  countIn,
  countPackage,
  kinds,
  perThousand,
  type Kind,
  type Package,
} from './support/comment-words.ts';

const held: readonly Package[] = ['server', 'widget', 'demo', 'test'];

describe.each(held)('the comments of %s', (name) => {
  const count = countPackage(name);
  it.each(Object.keys(kinds) as Kind[])('have "%s" less than once in a thousand words', (kind) => {
    expect(perThousand(count, kind), count.found[kind].join('\n')).toBeLessThan(1);
  });
});

it('counts each kind, in comments only, and neither code nor questions', () => {
  const source = `
    /** What a look brings. Whoever asks waits; \`who\` is a claim. */
    const who = 'nobody'; // Nobody reads it.
    // What is it?
  `;
  const { found } = countIn(commentsOf(source));
  expect([found.who.length, found.nobody.length, found.what.length]).toEqual([1, 1, 1]);
});
