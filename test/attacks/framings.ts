/** Requests that two parsers may cut apart differently, or that no honest client sends; each with a request hidden behind it. */

/** The smuggled request: an address that no framing may reach as a second request, for its answer says 404 alone. */
export const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';

const post = (headers: string, body: string, line = 'POST /v1/webhooks/stripe HTTP/1.1') =>
  `${line}\r\nHost: x\r\n${headers}\r\n\r\n${body}`;
const get = (line: string, headers = 'Host: x') => `${line}\r\n${headers}\r\n\r\n`;

/** Two lengths for one body: the body of one parser is the next request of another. */
export const ambiguous: Readonly<Record<string, string>> = {
  'a length and chunks': post('Content-Length: 5\r\nTransfer-Encoding: chunked', `0\r\n\r\n${hidden}`),
  'chunks and a length': post('Transfer-Encoding: chunked\r\nContent-Length: 5', `0\r\n\r\n${hidden}`),
  'two lengths': post('Content-Length: 0\r\nContent-Length: 40', hidden),
  'two lengths in one': post('Content-Length: 0, 40', hidden),
  'a length with a sign': post('Content-Length: +0', hidden),
  'a negative length': post('Content-Length: -1', hidden),
  'a length in hex': post('Content-Length: 0x00', hidden),
  'a length with a fraction': post('Content-Length: 0.0', hidden),
  'a length with letters': post('Content-Length: 0x', hidden),
  'a length beyond all': post('Content-Length: 99999999999999999999999', hidden),
  'an empty length': post('Content-Length: ', hidden),
  'a length with a line break': post('Content-Length:\r\n 0', hidden),
  'chunks, twice': post('Transfer-Encoding: chunked, chunked', `0\r\n\r\n${hidden}`),
  'chunks and another coding': post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${hidden}`),
  'another coding alone': post('Transfer-Encoding: identity', hidden),
  'a coding that is none': post('Transfer-Encoding: xchunked', `0\r\n\r\n${hidden}`),
  'a coding with a tab': post('Transfer-Encoding:\tchunked\t, identity', `0\r\n\r\n${hidden}`),
  'a coding behind a space': post('Transfer-Encoding : chunked', `0\r\n\r\n${hidden}`),
  'a length behind a space': post('Content-Length : 40', hidden),
  'a coding in a folded line': post('X: y\r\n Transfer-Encoding: chunked', `0\r\n\r\n${hidden}`),
  'a chunk with a sign': post('Transfer-Encoding: chunked', `+0\r\n\r\n${hidden}`),
  'a negative chunk': post('Transfer-Encoding: chunked', `-1\r\n\r\n${hidden}`),
  'a chunk in 0x': post('Transfer-Encoding: chunked', `0x0\r\n\r\n${hidden}`),
  'a chunk beyond all': post('Transfer-Encoding: chunked', `fffffffffffffffff\r\n{}\r\n0\r\n\r\n${hidden}`),
  'a chunk of letters': post('Transfer-Encoding: chunked', `zz\r\n{}\r\n0\r\n\r\n${hidden}`),
  'a chunk without its end': post('Transfer-Encoding: chunked', `2\r\n{}0\r\n\r\n${hidden}`),
  'a chunk longer than it says': post('Transfer-Encoding: chunked', `1\r\n{}\r\n0\r\n\r\n${hidden}`),
  'chunks with bare line feeds': post('Transfer-Encoding: chunked', `2\n{}\n0\n\n${hidden}`),
  'a name with a NUL': post('Content-Length\0: 40', hidden),
  'a value with a NUL': post('Content-Length: 4\x000', hidden),
  'a name of letters that are none': post('Content-L\xe9ngth: 40', hidden),
  'a name that is empty': post(': 40', hidden),
  'a line without a colon': post('Content-Length 40', hidden),
  'a carriage return alone': post('X: y\rContent-Length: 40', hidden),
};

/** Requests that are odd and of one reading: answered with an error, or not at all. */
export const odd: Readonly<Record<string, string>> = {
  'no host': get('GET /v1/billing HTTP/1.1', 'X: y'),
  'two hosts': get('GET /v1/billing HTTP/1.1', 'Host: x\r\nHost: y'),
  'an old version': get('GET /v1/billing HTTP/0.9'),
  'a version to come': get('GET /v1/billing HTTP/3.0'),
  'no version': 'GET /v1/billing\r\n\r\n',
  'a method that is none': get('FOO /v1/billing HTTP/1.1'),
  'a method in small letters': get('get /v1/billing HTTP/1.1'),
  'an address with another host': get('GET http://evil.example/v1/billing HTTP/1.1'),
  'an address with a user': get('GET http://a:b@127.0.0.1/v1/billing HTTP/1.1'),
  'an address with a NUL': get('GET /v1/billing\0 HTTP/1.1'),
  'an address with a space': get('GET /v1/ billing HTTP/1.1'),
  'a star': get('GET * HTTP/1.1'),
  'a tunnel': get('CONNECT evil.example:443 HTTP/1.1'),
  'an upgrade': get(
    'GET /v1/billing HTTP/1.1',
    'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==',
  ),
  'an upgrade to HTTP/2': get(
    'GET /v1/billing HTTP/1.1',
    'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  ),
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a hundred kilobytes of headers': get('GET /v1/billing HTTP/1.1', `Host: x\r\nX: ${'x'.repeat(100_000)}`),
  'five thousand headers': get('GET /v1/billing HTTP/1.1', `Host: x\r\n${'X: y\r\n'.repeat(5_000)}Z: z`),
  'a hundred kilobytes of address': get(`GET /${'x'.repeat(100_000)} HTTP/1.1`),
  'an expectation that is none': post('Expect: the-impossible\r\nContent-Length: 2', '{}'),
  'a host that is no host': get('GET /v1/billing HTTP/1.1', 'Host: a b<>"'),
  'a handshake of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};
