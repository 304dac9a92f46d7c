/** Webhook signatures: an event is read only where one of the endpoint's secrets signed its bytes, a moment ago (WH-1). */

import type { Stripe } from 'stripe';
import { NotAnEventError } from './event.ts';

/** How far a signature's time may be from now, in seconds. */
const toleranceSeconds = 300;

/**
 * @param secrets - several at once while one is being replaced
 * @returns A function of the body's text and the `Stripe-Signature` header. It gives the parsed event, or `undefined` when
 *   no secret matches or the signature is too old, and throws `event_malformed` for a signed body that is not JSON.
 */
export function signedEvents(stripe: Stripe, secrets: readonly string[]): (body: string, header: string) => unknown {
  const { signature } = stripe.webhooks;
  if (!signature) throw new Error('this build of the Stripe SDK cannot verify webhook signatures');
  return (body, header) => {
    const isSigned = secrets.some((secret) => {
      try {
        return signature.verifyHeader(body, header, secret, toleranceSeconds);
      } catch {
        // Any error that the SDK throws of a stranger's header, a RangeError of its comparison too, means: not signed.
        return false;
      }
    });
    return isSigned && !isFromTheFuture(header) ? parsed(body) : undefined;
  };
}

/** The SDK refuses a signature that is too old, and takes one of next year, which could be replayed until then. */
function isFromTheFuture(header: string): boolean {
  const times = header.split(',').filter((item) => item.startsWith('t='));
  return times.some((item) => Number.parseInt(item.slice(2), 10) > Date.now() / 1000 + toleranceSeconds);
}

/** A signed body that is not JSON is no event. @throws {NotAnEventError} */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (cause) {
    throw new NotAnEventError('the body is not JSON', { cause });
  }
}
