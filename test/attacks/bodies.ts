/** Bodies that no route takes: broken, deep, huge, in other encodings, and with fields of the wrong kind. */

interface Sent {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = (value: unknown): Sent => ({ body: JSON.stringify(value) });
const text = (body: string): Sent => ({ body });
const bytes = (...values: readonly number[]): Sent => ({ body: Uint8Array.from(values) });
const visit = (value: unknown): Sent => json({ visit: value, seen: value, offer: value });

export const bodies: Readonly<Record<string, Sent>> = {
  nothing: text(''),
  'white space': text(' \r\n\t'),
  null: text('null'),
  true: text('true'),
  'a number': text('7'),
  'a text': text('"visit"'),
  'a list': text('[]'),
  'a list of objects': text('[{"seen":null}]'),
  'an unknown field alone': json({ whatever: 1 }),
  'an object that is cut': text('{"visit":'),
  'two objects': text('{"seen":null}{"seen":null}'),
  'a comma too many': text('{"seen":null,}'),
  'single quotes': text(`{'seen':null}`),
  'a comment': text('{/* */"seen":null}'),
  'not a number': text('{"seen":NaN}'),
  'a byte order mark': text('\uFEFF{"whatever":1}'),
  'a form': { body: 'seen=&visit=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  'parts of a form': { body: '--x\r\n\r\n{}\r\n--x--', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  'a document': {
    body: '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    headers: { 'content-type': 'text/xml' },
  },
  'gzip, as it says': {
    body: Uint8Array.from([31, 139, 8, 0, 0, 0, 0, 0, 0, 3]),
    headers: { 'content-encoding': 'gzip' },
  },
  'two bytes a letter': bytes(0xff, 0xfe, 0x7b, 0, 0x7d, 0),
  'bytes that are no UTF-8': bytes(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
  'a NUL': text('{"visit":"a\\u0000b","seen":"a\\u0000b"}'),
  'a raw NUL': text('{"visit":"a\0b"}'),
  'half a surrogate': text('{"visit":"\\ud800","seen":"\\udfff"}'),
  'a prototype': text('{"__proto__":{"visit":"x","seen":null},"constructor":{"prototype":{"seen":null}}}'),
  'a thousand levels': text(`${'['.repeat(1_000)}${']'.repeat(1_000)}`),
  'four thousand levels of objects': text('{"a":'.repeat(1_500)),
  'a field twice': text('{"visit":"x","visit":{"$ne":null},"seen":{"$ne":null},"seen":[]}'),
  'an operator': visit({ $gt: '' }),
  'a list for a text': visit(['x']),
  'a number for a text': visit(7),
  'a text too long': visit('x'.repeat(65)),
  'a text of SQL': visit(`' OR 1=1 --`),
  'a path': visit('../../v1/access'),
  'a number beyond all': text('{"visit":1e999,"seen":1e999}'),
  'more than the limit': { body: `{"visit":"${'x'.repeat(300_000)}"}` },
  'a header of a template': visit('{{constructor.constructor("return process")()}}'),
};
