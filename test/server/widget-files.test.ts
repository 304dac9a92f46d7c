import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { readWidgetFile, widgetRoute, type WidgetFile } from '../../server/src/widget-files.ts';

async function built(): Promise<WidgetFile> {
  const file = await readWidgetFile();
  if (!file) throw new Error('the widget is not built: run "pnpm build" first');
  return file;
}
const get = async (headers: Record<string, string> = {}, file?: WidgetFile | null) =>
  new Hono().route('/', widgetRoute(file === undefined ? await built() : file)).request('/widget.js', { headers });

describe('GET /widget.js', () => {
  it('is served compressed, the same bytes whichever way', async () => {
    const { identity } = await built();
    const body = async (encoding: string) => {
      const response = await get({ 'accept-encoding': encoding });
      return { encoding: response.headers.get('content-encoding'), bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const [br, gzip, plain, refused] = await Promise.all([
      body('gzip, deflate, br, zstd'),
      body('gzip'),
      body(''),
      body('br;q=0, gzip'),
    ]);
    expect([br.encoding, gzip.encoding, plain.encoding, refused.encoding]).toEqual(['br', 'gzip', null, 'gzip']);
    expect(brotliDecompressSync(br.bytes).equals(identity)).toBe(true);
    expect(gunzipSync(gzip.bytes).equals(identity)).toBe(true);
    expect(plain.bytes.equals(identity)).toBe(true);
  });

  it('L27: may be used by any page, is cached for minutes, and revalidated by its content', async () => {
    const response = await get();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=300, stale-while-revalidate=86400',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'Accept-Encoding',
    });
    expect((await get({ 'if-none-match': response.headers.get('etag') ?? '' })).status).toBe(304);
  });

  it('is not there where it was not built', async () => {
    expect((await get({}, null)).status).toBe(404);
  });
});
