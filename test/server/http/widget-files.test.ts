import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ownServer,
  readWidgetFiles,
  widgetRoutes,
  type WidgetFile,
  type WidgetFiles,
} from '../../../server/src/http/widget-files.ts';
import { shippedLocales } from '../../../widget/src/i18n/match-locale.ts';

let files: WidgetFiles;
let app: ReturnType<typeof widgetRoutes>;
beforeAll(async () => {
  files = await readWidgetFiles();
  app = widgetRoutes(files);
});
const get = async (path: string, headers: Record<string, string> = {}) => app.request(path, { headers }, ownServer);

function built(path: string): WidgetFile {
  const file = files.get(path);
  if (!file) throw new Error(`${path} is not there: run "pnpm build" first`);
  return file;
}

describe.each([
  ['/widget.js', 'text/javascript; charset=utf-8'],
  ['/widget/locales/de.json', 'application/json'],
  ['/widget/locales/zh-Hans.json', 'application/json'],
])('GET %s', (path, type) => {
  it('is served compressed, with the same content in each encoding', async () => {
    const { identity } = built(path);
    const body = async (encoding: string) => {
      const response = await get(path, { 'accept-encoding': encoding });
      return { encoding: response.headers.get('content-encoding'), bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const [br, gzip, plain, ...refused] = await Promise.all([
      body('gzip, deflate, br, zstd'),
      body('gzip'),
      body(''),
      body('br;q=0, gzip'),
      body('br;q=0.00, gzip'),
      body('gzip, br;q=0'),
    ]);
    expect([br.encoding, gzip.encoding, plain.encoding]).toEqual(['br', 'gzip', null]);
    expect(refused.map(({ encoding }) => encoding)).toEqual(['gzip', 'gzip', 'gzip']);
    expect((await body('br;q=0.01')).encoding).toBe('br');
    // The best that each has: brotli's default, and more than that of gzip.
    expect(br.bytes.length).toBe(brotliCompressSync(identity).length);
    expect(gzip.bytes.length).toBe(gzipSync(identity, { level: 9 }).length);
    expect(brotliDecompressSync(br.bytes).equals(identity)).toBe(true);
    expect(gunzipSync(gzip.bytes).equals(identity)).toBe(true);
    expect(plain.bytes.equals(identity)).toBe(true);
  });

  it('N1: is sent as it is where the server is mounted, whatever the page accepts', async () => {
    const response = await app.request(path, { headers: { 'accept-encoding': 'gzip, br' } });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(Buffer.from(await response.arrayBuffer()).equals(built(path).identity)).toBe(true);
  });

  it('L27: may be used by any page, is cached for minutes, and revalidated by its content', async () => {
    const response = await get(path);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': type,
      'cache-control': 'public, max-age=300, stale-while-revalidate=86400',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'Accept-Encoding',
      'x-content-type-options': 'nosniff',
    });
    const etag = response.headers.get('etag') ?? '';
    expect(etag).toBe(`"${createHash('sha256').update(built(path).identity).digest('base64url').slice(0, 27)}"`);
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304);
    expect((await get(path, { 'if-none-match': '"another"' })).status).toBe(200);
  });
});

describe('the locale files', () => {
  it('are those that the widget asks for, and the one that a host may choose', () => {
    expect([...files.keys()].filter((path) => !path.endsWith('.json'))).toEqual(['/widget.js']);
    const served = [...files.keys()].flatMap((path) => /^\/widget\/locales\/(.+)\.json$/.exec(path)?.[1] ?? []);
    expect(served.toSorted()).toEqual([...shippedLocales, 'de-informal', 'en'].toSorted());
  });

  it.each(['/widget/locales/sv.json', '/widget/locales/en.ts', '/widget/locales/..%2f..%2fpackage.json'])(
    '%s is not among them',
    async (path) => expect((await get(path)).status).toBe(404),
  );
});

it('the script is a 404 where it was not built', async () => {
  expect((await widgetRoutes(new Map()).request('/widget.js')).status).toBe(404);
});
