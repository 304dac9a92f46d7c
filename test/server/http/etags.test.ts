/** The ETags that a client says it has (RFC 9110, 13.1.2). */

import { expect, it } from 'vitest';
import { etagsOf, includesEtag } from '../../../server/src/http/etags.ts';

it.each<[string | undefined, string[]]>([
  [undefined, []],
  ['', []],
  ['"a"', ['"a"']],
  ['W/"a"', ['"a"']],
  ['"a", W/"b",,"W/c"', ['"a"', '"b"', '"W/c"']],
])('%j names %j', (header, etags) => expect([...etagsOf(header)]).toEqual(etags));

it.each([
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['"b"', false],
  ['a', false],
  ['', false],
  [undefined, false],
])('%j has the document of "a": %s', (header, has) => expect(includesEtag(header, '"a"')).toBe(has));
