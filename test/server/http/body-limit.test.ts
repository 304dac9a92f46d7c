/** Bodies: how large, how slow, and already read by the host; before a route sees them. */

import { Hono } from 'hono';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { closeUnread, limitBody } from '../../../server/src/http/body-limit.ts';
import { toProblemError } from '../../../server/src/http/to-problem.ts';
import { ownTimers } from '../../support/own-timers.ts';

let app: Hono;
/** Of `/held`. */
let entered: PromiseWithResolvers<void>;
beforeAll(() => {
  entered = Promise.withResolvers();
  app = new Hono()
    .post('/body', limitBody(4), async (c) => c.text(await c.req.text()))
    .post('/held', limitBody(4), async (c) => {
      const over = new Promise((resolve) => setTimeout(resolve, 60_000));
      entered.resolve();
      await over;
      return c.text('held');
    })
    .post('/closed', (c) => {
      closeUnread(c);
      return c.body(null);
    })
    .onError((cause, c) => c.json({ code: toProblemError(cause).code, cause: String(cause.cause ?? '') }));
});

const post = (path: string, body: BodyInit | null, env?: object) =>
  app.request(path, { method: 'POST', ...(body === null ? {} : { body }), duplex: 'half' } as RequestInit, env);
const codeOf = async (answer: Response | Promise<Response>) => ((await (await answer).json()) as { code: string }).code;
const stream = (pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void) =>
  new ReadableStream<Uint8Array>({ pull });

afterEach(() => void vi.useRealTimers());

describe('a body', () => {
  it('of the limit passes, and one byte more does not, with a length or without', async () => {
    const chunks = (count: number) => {
      let left = count;
      return stream((controller) => {
        if (left-- > 0) controller.enqueue(new Uint8Array([97]));
        else controller.close();
      });
    };
    expect(await (await post('/body', 'aaaa')).text()).toBe('aaaa');
    expect(await (await post('/body', chunks(4))).text()).toBe('aaaa');
    expect(await codeOf(post('/body', 'aaaaa'))).toBe('body_too_large');
    expect(await codeOf(post('/body', chunks(5)))).toBe('body_too_large');
  });

  it('with a length is refused by it, and one that comes in chunks by what comes', async () => {
    const given = async (headers: Record<string, string>, body: string) => {
      const request = new Request('http://x/body', { method: 'POST', body, headers });
      return await (await app.request(request, undefined, { incoming: {} })).text();
    };
    expect(await given({ 'content-length': '4' }, 'aaaa')).toBe('aaaa');
    expect(await given({ 'content-length': '5' }, 'aaaaa')).toMatch('body_too_large');
    expect(await given({ 'content-length': '4', 'transfer-encoding': 'chunked' }, 'aaaaa')).toMatch('body_too_large');
    expect(await given({ 'transfer-encoding': 'chunked' }, 'aaaa')).toBe('aaaa');
  });

  it('with a length is no stream before the route reads it, which on Node costs more than the rest', async () => {
    const request = new Request('http://x/body', { method: 'POST', body: 'aaaa', headers: { 'content-length': '4' } });
    const asked = vi.spyOn(request, 'body', 'get');
    expect(await (await app.request(request, undefined, { incoming: {} })).text()).toBe('aaaa');
    expect(asked).not.toHaveBeenCalled();
  });

  it('that is cut short is the client’s fault', async () => {
    const cut = stream((controller) => controller.error(new Error('connection reset')));
    expect(await (await post('/body', cut)).json()).toEqual({
      code: 'body_malformed',
      cause: 'Error: connection reset',
    });
  });

  it('that does not come in ten seconds is given up; an answer may take longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const limits = ownTimers(/server\/src\/http\//);
    const slow = Promise.resolve(
      post(
        '/body',
        stream(() => {}),
      ),
    );
    let isOver = false;
    void slow.then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(9_999);
    expect([isOver, limits()]).toEqual([false, 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await (await slow).json()).toEqual({ code: 'body_malformed', cause: 'Error: the body took too long' });
    const held = post('/held', 'a');
    await entered.promise;
    expect(limits(), 'none runs on').toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await (await held).text()).toBe('held');
  });

  it.each([
    ['nothing is known of the connection', undefined, 'aaaa'],
    ['nothing of it was read', { incoming: {} }, 'aaaa'],
    ['the platform keeps what it read', { incoming: { readableDidRead: true, rawBody: 'aaaa' } }, 'aaaa'],
  ])('is read where %s', async (_, env, text) => expect(await (await post('/body', 'aaaa', env)).text()).toBe(text));

  it('that the host has read is named as such', async () => {
    expect(await codeOf(post('/body', 'aaaa', { incoming: { readableDidRead: true } }))).toBe('body_consumed');
    const consumed = async (take: (request: Request) => unknown) => {
      const request = new Request('http://x/body', { method: 'POST', body: 'aaaa' });
      await take(request);
      return await codeOf(app.request(request));
    };
    expect(await consumed((request) => request.text())).toBe('body_consumed');
    expect(await consumed((request) => void request.body?.getReader())).toBe('body_consumed');
    expect(await (await post('/body', null)).text(), 'none is none').toBe('');
  });
});

describe('a connection', () => {
  it.each([
    [{ incoming: { httpVersionMajor: 1, complete: false } }, 'close'],
    [{ incoming: { httpVersionMajor: 1, complete: true } }, null],
    [{ incoming: { httpVersionMajor: 1 } }, null],
    [{ incoming: { httpVersionMajor: 2, complete: false } }, null],
    [{}, null],
    [undefined, null],
  ])('%j is ended after a body that was not read to its end: %j', async (env, connection) => {
    expect((await post('/closed', 'aaaa', env)).headers.get('connection')).toBe(connection);
  });
});
