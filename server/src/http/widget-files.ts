/** The widget's built script and its locale files, read at the start and compressed when first asked for, served to any page. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { Hono } from 'hono';

type Bytes = Uint8Array<ArrayBuffer>;

export interface WidgetFile {
  readonly type: string;
  readonly etag: string;
  readonly identity: Bytes;
  /**
   * Compressed once, as small as it gets, which brotli does by default. That takes longer than all else of a start, and a
   * start has no page that waits for it.
   */
  readonly br: () => Promise<Bytes>;
  readonly gzip: () => Promise<Bytes>;
}

/** Said by the server that ends the connection itself: nothing that drops a header stands between it and the page. */
export interface OwnServer {
  readonly ownServer: true;
}

export const ownServer: OwnServer = { ownServer: true };

/** By the path under which a page asks. */
export type WidgetFiles = ReadonlyMap<string, WidgetFile>;

const script = '/widget.js';
const locales = '/widget/locales/';

/**
 * Reads what the widget's package brings. Without `/widget.js` where it was not built; the locale files are sources, and
 * always there.
 */
export async function readWidgetFiles(): Promise<WidgetFiles> {
  const built = new URL(import.meta.resolve('@billhook/widget/widget.js'));
  const folder = new URL('.', import.meta.resolve('@billhook/widget/locales/de.json'));
  const tags = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const files = await Promise.all([
    fileAt(built, 'text/javascript; charset=utf-8').then(
      (file) => [script, file] as const,
      () => null,
    ),
    ...tags.map(async (name) => [locales + name, await fileAt(new URL(name, folder), 'application/json')] as const),
  ]);
  return new Map(files.filter((file) => file !== null));
}

async function fileAt(source: URL, type: string): Promise<WidgetFile> {
  const identity = await readFile(source);
  const etag = `"${createHash('sha256').update(identity).digest('base64url').slice(0, 27)}"`;
  return {
    type,
    etag,
    identity,
    br: once(() => promisify(brotliCompress)(identity)),
    gzip: once(() => promisify(gzip)(identity, { level: 9 })),
  };
}

function once(compress: () => Promise<Buffer>): () => Promise<Bytes> {
  let bytes: Promise<Bytes> | undefined;
  return () => (bytes ??= compress().then((compressed) => new Uint8Array(compressed)));
}

/**
 * `GET /widget.js` and `GET /widget/locales/{tag}.json`: the same address for every version, so it is cached for
 * minutes, not for years, and without SRI. For a fixed version with SRI, host the npm package's files.
 *
 * Mounted in another server they are sent as they are: Next.js strips `Content-Encoding`, and what is encoded all the
 * same is a dead script. Whatever serves the host's own files compresses these too.
 */
export function widgetRoutes(files: WidgetFiles): Hono {
  const app = new Hono();
  for (const [path, file] of files) {
    app.get(path, async (c) => {
      c.header('Cache-Control', 'public, max-age=300, stale-while-revalidate=86400');
      c.header('ETag', file.etag);
      c.header('Vary', 'Accept-Encoding');
      c.header('Access-Control-Allow-Origin', '*');
      // `same-origin` would block the file on every page but our own.
      c.header('Cross-Origin-Resource-Policy', 'cross-origin');
      c.header('X-Content-Type-Options', 'nosniff');
      if (c.req.header('if-none-match')?.includes(file.etag) === true) return c.body(null, 304);

      const { ownServer: mayEncode = false } = (c.env ?? {}) as Partial<OwnServer>;
      const accepted = mayEncode ? (c.req.header('accept-encoding') ?? '') : '';
      const encoding = /\bbr\b(?!;q=0(?:\.0*)?(?:,|$))/.test(accepted)
        ? 'br'
        : /\bgzip\b/.test(accepted)
          ? 'gzip'
          : 'identity';
      if (encoding !== 'identity') c.header('Content-Encoding', encoding);
      c.header('Content-Type', file.type);
      return c.body(encoding === 'identity' ? file.identity : await file[encoding]());
    });
  }
  return app;
}
