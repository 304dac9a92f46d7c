/** The widget's built file, read and compressed once, served to any page. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { Hono } from 'hono';

export interface WidgetFile {
  readonly etag: string;
  readonly identity: Uint8Array<ArrayBuffer>;
  readonly br: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

/** Reads the built widget, or answers `null` where it was not built. */
export async function readWidgetFile(): Promise<WidgetFile | null> {
  let identity: Buffer<ArrayBuffer>;
  try {
    identity = await readFile(fileURLToPath(import.meta.resolve('@billhook/widget/widget.js')));
  } catch {
    return null;
  }
  const [br, gzipped] = await Promise.all([
    promisify(brotliCompress)(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    promisify(gzip)(identity, { level: 9 }),
  ]);
  const etag = `"${createHash('sha256').update(identity).digest('base64url').slice(0, 27)}"`;
  return { etag, identity, br: new Uint8Array(br), gzip: new Uint8Array(gzipped) };
}

/**
 * `GET /widget.js`: the same address for every version, so it is cached for minutes, not for years, and without SRI. Who
 * wants a fixed version with SRI hosts the npm package's file.
 */
export function widgetRoute(file: WidgetFile | null) {
  return new Hono().get('/widget.js', (c) => {
    if (file === null) return c.notFound();
    c.header('Cache-Control', 'public, max-age=300, stale-while-revalidate=86400');
    c.header('ETag', file.etag);
    c.header('Vary', 'Accept-Encoding');
    c.header('Access-Control-Allow-Origin', '*');
    // `same-origin` would block the script on every page but our own.
    c.header('Cross-Origin-Resource-Policy', 'cross-origin');
    c.header('X-Content-Type-Options', 'nosniff');
    if (c.req.header('if-none-match')?.includes(file.etag) === true) return c.body(null, 304);

    const accepted = c.req.header('accept-encoding') ?? '';
    const encoding = /\bbr\b(?!;q=0(?:\.0*)?(?:,|$))/.test(accepted)
      ? 'br'
      : /\bgzip\b/.test(accepted)
        ? 'gzip'
        : 'identity';
    if (encoding !== 'identity') c.header('Content-Encoding', encoding);
    c.header('Content-Type', 'text/javascript; charset=utf-8');
    return c.body(file[encoding]);
  });
}
