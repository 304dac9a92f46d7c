/** The server under an address of its own in another one: a request as its routes see it. */

import { describe, expect, it } from 'vitest';
import { withBasePath } from '../../../server/src/http/base-path.ts';

interface Seen {
  readonly request: Request;
  readonly env: object | undefined;
}

function seenBy(publicUrl: string, request: Request, env?: unknown): Seen {
  let seen: Seen | undefined;
  const fetch = withBasePath(publicUrl, (given, its) => {
    seen = { request: given, env: its };
    return new Response();
  });
  void fetch(request, env);
  return seen as Seen;
}

const at = (path: string, init?: RequestInit) => new Request(`https://app.example${path}`, init);
const env = { incoming: { url: '/billing/healthz' } };

it('without a path a request is handed on as it is', () => {
  const request = at('/billing/healthz');
  const seen = seenBy('https://app.example/', request, env);
  expect(seen.request).toBe(request);
  expect(seen.env).toBe(env);
});

describe.each(['https://app.example/billing', 'https://app.example/billing//'])('under %s', (publicUrl) => {
  it.each([
    ['/billing/healthz?a=b', '/healthz?a=b'],
    ['/billing/billing/healthz', '/billing/healthz'],
    ['/billing/', '/'],
  ])('%s is %s', async (path, inside) => {
    const init = { method: 'POST', headers: { 'x-a': 'b' }, body: 'body' };
    const { request, env: its } = seenBy(publicUrl, at(path, init), env);
    expect(request.url).toBe(`https://app.example${inside}`);
    expect([request.method, request.headers.get('x-a'), await request.text()]).toEqual(['POST', 'b', 'body']);
    expect(its).toBe(env);
  });

  it.each(['/healthz', '/billing', '/billings/healthz', '/app/billing/healthz'])('%s stays as it is', (path) => {
    const request = at(path);
    expect(seenBy(publicUrl, request).request).toBe(request);
  });

  it('a body that the host has read is named as such, and one that it has not is not', async () => {
    const post = () => at('/billing/v1/visits/return', { method: 'POST', headers: { 'x-a': 'b' }, body: 'body' });
    const [read, locked] = [post(), post()];
    await read.text();
    locked.body?.getReader();
    for (const consumed of [read, locked]) {
      const { request, env: its } = seenBy(publicUrl, consumed, { more: 1 });
      expect(request.url).toBe('https://app.example/v1/visits/return');
      expect([request.method, request.headers.get('x-a')]).toEqual(['POST', 'b']);
      expect(its).toEqual({ more: 1, incoming: { readableDidRead: true } });
    }
    expect(seenBy(publicUrl, post(), { more: 1 }).env).toEqual({ more: 1 });
  });

  it.each([undefined, null, 'env', 7])('what a framework passes on is %j, and no environment', (given) => {
    expect(seenBy(publicUrl, at('/billing/healthz'), given).env).toEqual({});
    expect(seenBy(publicUrl, at('/healthz'), given).env).toEqual({});
  });
});
