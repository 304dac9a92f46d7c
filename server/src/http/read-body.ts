/** Reads a request's JSON before anything happens: a missing, unknown or wrong field is named. */

import type { Context } from 'hono';
import { z } from 'zod';
import { BillhookError } from '../problem.ts';

/** The shape of everything that Billhook names: revisions, visits, offers, subscriptions. */
export const idField = z.string().regex(/^[\w.-]{1,64}$/);

/** How long a client may take to send a body, in milliseconds. */
const bodyTimeMs = 10_000;

/**
 * Waits for a body, or a part of one. A body that is cut short or never ends is the client's fault, and no error of the
 * server's that an operator would be called for.
 *
 * @throws {BillhookError} `body_malformed`
 */
export async function bodyReceived<T>(reading: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('the body took too long')), bodyTimeMs);
  try {
    return await Promise.race([reading, late]);
  } catch (cause) {
    throw cause instanceof BillhookError ? cause : new BillhookError('body_malformed', { cause });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The schema of a request of the wire: a field that the contract gains does not compile until its schema reads it. An
 * optional field may be read as `undefined`.
 */
export type RequestSchema<Body> = z.ZodType<{
  [Key in keyof Body]: object extends Pick<Body, Key> ? Body[Key] | undefined : Body[Key];
}>;

/**
 * @throws {BillhookError} `body_malformed` when it is no JSON, `field_invalid` with the field's name otherwise.
 */
export async function readBody<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  const text = await bodyReceived(c.req.text());
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new BillhookError('body_malformed', { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = unknown ?? issue?.path.join('.') ?? '';
  if (field === '') throw new BillhookError('body_malformed');
  throw new BillhookError('field_invalid', {
    field,
    detail:
      unknown === undefined ? `The field "${field}" is missing or of the wrong form.` : `There is no field "${field}".`,
  });
}
