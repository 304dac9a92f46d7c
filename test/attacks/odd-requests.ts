/**
 * Requests that are well formed, and ask for something that an honest client does not: headers said twice, other spellings of
 * an address, methods in headers, bodies of strange JSON. Each with the answers that are right.
 */

export interface OddRequest {
  readonly line: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** The statuses that are right. */
  readonly right: readonly number[];
}

/** @param token - of `team_1`, with every scope */
export function oddRequests(token: string, otherToken: string): Readonly<Record<string, OddRequest>> {
  const bearer = `Authorization: Bearer ${token}`;
  const post = (path: string, body: string, headers: readonly string[] = []): Omit<OddRequest, 'right'> => ({
    line: `POST ${path} HTTP/1.1`,
    headers: [bearer, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, ...headers],
    body,
  });
  const get = (path: string, ...headers: readonly string[]) => ({ line: `GET ${path} HTTP/1.1`, headers });
  const portal = '/v1/portal-sessions';
  return {
    // Two values of one header: a proxy may read the first, and the server the last.
    'two tokens': { ...get('/v1/billing', bearer, `Authorization: Bearer ${otherToken}`), right: [200, 401] },
    'two tokens in one': {
      ...get('/v1/billing', `Authorization: Bearer ${token}, Bearer ${otherToken}`),
      right: [401],
    },
    'a token and a password': { ...get('/v1/billing', `Authorization: Basic YTpi, Bearer ${token}`), right: [401] },
    'a token behind a tab': { ...get('/v1/billing', `Authorization: Bearer\t${token}`), right: [401] },
    'a token in the query': { ...get(`/v1/billing?access_token=${token}&token=${token}`), right: [401] },
    'a token in a cookie': {
      ...get('/v1/billing', `Cookie: token=${token}; authorization=Bearer ${token}`),
      right: [401],
    },
    'a token in another header': {
      ...get('/v1/billing', `X-Authorization: Bearer ${token}`, `Proxy-Authorization: Bearer ${token}`),
      right: [401],
    },
    'an account in a header': {
      ...get(
        '/v1/billing',
        bearer,
        'X-Account: team_2',
        'X-Billhook-Account: team_2',
        'X-Original-URL: /metrics',
        'X-Rewrite-URL: /metrics',
      ),
      right: [200],
    },
    'a wait of a year': { ...get('/v1/billing', bearer, 'Prefer: wait=31536000', 'If-None-Match: "x"'), right: [200] },
    'a wait of less than nothing': {
      ...get('/v1/billing', bearer, 'Prefer: wait=-1, wait=NaN, wait=1e9, wait="', 'If-None-Match: "x"'),
      right: [200],
    },
    'ten thousand preferences': { ...get('/v1/billing', bearer, `Prefer: ${'wait '.repeat(2_000)}`), right: [200] },
    'a thousand ETags': {
      ...get('/v1/billing', bearer, `If-None-Match: ${Array.from({ length: 1_000 }, (_, at) => `"${at}"`).join(',')}`),
      right: [200],
    },
    'ETags without an end': { ...get('/v1/billing', bearer, `If-None-Match: ${'"'.repeat(9_000)}`), right: [200] },
    'a hundred kilobytes of ETags': {
      ...get('/v1/billing', bearer, `If-None-Match: ${'"x",'.repeat(25_000)}`),
      right: [431],
    },
    'a part of an answer': { ...get('/v1/billing', bearer, 'Range: bytes=0-1', 'If-Range: "x"'), right: [200] },
    'parts of the script': {
      ...get('/widget/locales/de.json', `Range: bytes=${'0-1,'.repeat(2_000)}0-1`),
      right: [200],
    },
    'codings of the script': {
      ...get('/widget/locales/de.json', `Accept-Encoding: ${'br;q=0,'.repeat(1_500)}gzip;q=0`),
      right: [200],
    },
    'addresses of ten thousand proxies': {
      ...get('/v1/billing', `X-Forwarded-For: ${'1.2.3.4,'.repeat(1_500)}`, 'Forwarded: for=evil'),
      right: [401],
    },
    'another host of a proxy': {
      ...get(
        '/v1/billing',
        bearer,
        'X-Forwarded-Host: evil.example',
        'X-Forwarded-Proto: http',
        'X-Forwarded-Prefix: /evil',
      ),
      right: [200],
    },
    // Methods.
    'a method in a header': {
      ...get(portal, bearer, 'X-HTTP-Method-Override: POST', 'X-HTTP-Method: POST', 'X-Method-Override: POST'),
      right: [405],
    },
    'a method in the query': { ...get(`${portal}?_method=POST`, bearer), right: [405] },
    'a body of a GET': { ...get('/v1/billing', bearer, 'Content-Length: 2'), body: '{}', right: [200] },
    'a change by GET': { ...get('/v1/visits/return', bearer), right: [405] },
    'a trace': { line: 'TRACE /v1/billing HTTP/1.1', headers: [bearer], right: [400, 404, 405, 500] },
    'a PUT': { line: 'PUT /v1/billing HTTP/1.1', headers: [bearer, 'Content-Length: 0'], right: [405] },
    'a DELETE': { line: 'DELETE /widget/locales/de.json HTTP/1.1', right: [405] },
    'a method of WebDAV': { line: 'PROPFIND / HTTP/1.1', right: [404] },
    'options of everything': { line: 'OPTIONS * HTTP/1.1', right: [400, 404] },
    'options of a webhook': {
      line: 'OPTIONS /v1/webhooks/stripe HTTP/1.1',
      headers: ['Origin: https://evil.example', 'Access-Control-Request-Method: POST'],
      right: [204, 405],
    },
    'a head of the billing': { line: 'HEAD /v1/billing HTTP/1.1', headers: [bearer], right: [200] },
    'a head without a token': { line: 'HEAD /v1/billing HTTP/1.1', right: [401] },
    'a head of the metrics': { line: 'HEAD /metrics HTTP/1.1', right: [200] },
    'a head of a portal': { line: `HEAD ${portal} HTTP/1.1`, headers: [bearer], right: [405] },
    'a head of the script': { line: 'HEAD /widget/locales/de.json HTTP/1.1', right: [200] },
    // Versions and addresses.
    'HTTP/1.0': { line: 'GET /v1/billing HTTP/1.0', headers: [bearer], right: [200, 400] },
    'HTTP/1.0 that stays': { line: 'GET /healthz HTTP/1.0', headers: ['Connection: keep-alive'], right: [200, 400] },
    'an absolute address': { ...get('http://127.0.0.1/v1/billing', bearer), right: [200, 400] },
    'an absolute address of the metrics': { ...get('http://evil.example/metrics'), right: [200] },
    'dots in an address': { ...get('/v1/billing/../../metrics'), right: [404] },
    'dots in an address, encoded': { ...get('/v1/billing/%2e%2e/%2E%2e/metrics'), right: [404] },
    'a letter that is encoded': { ...get('/%6detrics'), right: [404] },
    'an encoded slash': { ...get('/v1%2fbilling', bearer), right: [404] },
    'an address encoded twice': { ...get('/%256detrics'), right: [404] },
    'two slashes': { ...get('//metrics'), right: [404] },
    'two slashes and a host': { ...get('//evil.example/metrics'), right: [404] },
    'a slash at the end': { ...get('/metrics/'), right: [404] },
    capitals: { ...get('/METRICS'), right: [404] },
    'a backslash': { ...get('/v1\\billing', bearer), right: [400, 404] },
    'a parameter of a path': { ...get('/metrics;x=y'), right: [404] },
    'a NUL that is encoded': { ...get('/metrics%00'), right: [404] },
    'half a letter': { ...get('/v1/%e2%82', bearer), right: [404] },
    'a percent sign alone': { ...get('/v1/%', bearer), right: [404] },
    'letters of four bytes': { ...get('/v1/%f0%9f%a6%8b', bearer), right: [404] },
    'a fragment': { ...get('/v1/billing#x', bearer), right: [200, 400, 404] },
    'a file of the machine': { ...get('/widget/locales/..%2f..%2f..%2fpackage.json'), right: [404] },
    'a property of objects': { ...get('/widget/locales/__proto__.json'), right: [404] },
    'a constructor': { ...get('/constructor'), right: [404] },
    // Bodies.
    'a depth of four thousand': { ...post(portal, '['.repeat(4_000) + ']'.repeat(4_000)), right: [400] },
    'objects of great depth': {
      ...post(portal, `{"seen":${'{"a":'.repeat(1_300)}1${'}'.repeat(1_300)}}`),
      right: [400],
    },
    'a name said twice': {
      ...post(portal, '{"seen":null,"flow":"subscription_cancel","flow":"nonsense"}'),
      right: [400],
    },
    'a prototype': {
      ...post(portal, '{"seen":null,"__proto__":{"flow":"subscription_cancel"}}'),
      right: [400],
    },
    'a constructor in a body': {
      ...post(portal, '{"seen":null,"constructor":{"prototype":{"seen":null}}}'),
      right: [400],
    },
    'a number beyond all': { ...post(portal, '{"seen":1e999}'), right: [400] },
    'a name in other letters': { ...post(portal, '{"ſeen":null}'), right: [400] },
    'a mark before the text': { ...post(portal, '\uFEFF{"seen":null}'), right: [404] },
    'another type of content': { ...post(portal, '<seen/>', ['Content-Type: application/xml']), right: [400] },
    'a form': { ...post(portal, 'seen=', ['Content-Type: application/x-www-form-urlencoded']), right: [400] },
    'a text that is packed': { ...post(portal, 'x'.repeat(40), ['Content-Encoding: gzip']), right: [400, 415] },
    'chunks with words behind them': {
      line: `POST ${portal} HTTP/1.1`,
      headers: [bearer, 'Transfer-Encoding: chunked', 'Trailer: Authorization'],
      body: `d;ext=${'x'.repeat(100)}\r\n{"seen":null}\r\n0\r\nAuthorization: Bearer ${otherToken}\r\n\r\n`,
      right: [404],
    },
    'an expectation': { ...post(portal, '{}', ['Expect: 100-continue']), right: [400] },
    // Pages.
    'a page without an origin': { ...get('/v1/billing', bearer, 'Origin: null'), right: [403] },
    'a page with two origins': {
      ...get('/v1/billing', bearer, 'Origin: https://app.acme.example', 'Origin: https://evil.example'),
      right: [403],
    },
    'a page with an empty origin': { ...get('/v1/billing', bearer, 'Origin:'), right: [403] },
    'a private network': {
      line: 'OPTIONS /v1/billing HTTP/1.1',
      headers: [
        'Origin: https://evil.example',
        'Access-Control-Request-Method: GET',
        'Access-Control-Request-Private-Network: true',
      ],
      right: [204],
    },
  };
}
