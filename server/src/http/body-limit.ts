/** How large a body may be, and how long it may take. */

import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BillhookError } from '../problem.ts';
import { bodyReceived } from './read-body.ts';

/** The connection, as Node's server passes it on. Other platforms have limits of their own. */
interface NodeBindings {
  readonly incoming?: {
    readonly complete?: boolean;
    readonly httpVersionMajor?: number;
    /** Something read of it. */
    readonly readableDidRead?: boolean;
    /** Some platforms keep the bytes of what they read, and these are used. */
    readonly rawBody?: unknown;
  };
}

/**
 * Refuses a body of more than `maxSize` bytes. One without a length is read here, up to the limit.
 *
 * @throws {BillhookError} `body_too_large`, `body_malformed` for one that is cut short, or `body_consumed` for one that the
 *   host's own middleware has read.
 */
export function limitBody(maxSize: number): MiddlewareHandler {
  const limited = bodyLimit({
    maxSize,
    onError() {
      throw new BillhookError('body_too_large');
    },
  });
  return async function limitBody(c, next) {
    requireUnread(c);
    const length = givenLength(c);
    if (length !== null) {
      if (length > maxSize) throw new BillhookError('body_too_large');
      return await next();
    }
    // The route is no part of what is timed here: it may hold an answer for longer than a body may take.
    await bodyReceived(limited(c, async () => undefined));
    return await next();
  };
}

/**
 * The body's length as its header gives it, which HTTP holds it to; `null` where it comes in chunks. Hono's own middleware
 * asks for the body first, and on Node that makes a whole `Request` with a stream, where the text alone is wanted.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-6.3 RFC 9112, message body length}
 */
function givenLength(c: Context): number | null {
  const given = c.req.header('content-length');
  return given === undefined || c.req.header('transfer-encoding') !== undefined ? null : Number.parseInt(given, 10);
}

/** A parser before Billhook leaves an empty body, which looks like a wrong signature and a wrong request. */
function requireUnread(c: Context): void {
  const { incoming } = (c.env ?? {}) as NodeBindings;
  const { raw } = c.req;
  const wasRead =
    incoming === undefined ? raw.bodyUsed || raw.body?.locked === true : incoming.readableDidRead === true;
  if (wasRead && incoming?.rawBody === undefined) throw new BillhookError('body_consumed');
}

/** Ends a connection after a body that was not read to its end: the rest would be read for nothing. */
export function closeUnread(c: Context): void {
  const { incoming } = (c.env ?? {}) as NodeBindings;
  if (incoming?.httpVersionMajor === 1 && incoming.complete === false) c.header('Connection', 'close');
}
