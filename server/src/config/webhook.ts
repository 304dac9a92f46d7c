/** The option `webhook` of a host: where it listens, and the keys it knows. */

import { z } from 'zod';
import { isSafeAddress } from '../tokens/web-address.ts';

/** Published by this name: a `Buffer` is printed with a parameter that TypeScript before 5.7 does not know. */
// oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type -- only for its name
export interface WebhookKey extends Buffer {}

/** Where a host listens, and the keys that it knows: two while one replaces the other. */
export interface HostWebhook {
  readonly url: string;
  readonly secrets: readonly WebhookKey[];
}

const urlMust = 'must be an https address without a password (http only on this machine)';

const secretMust = 'must be "whsec_" and 24 to 64 bytes in base64: echo "whsec_$(openssl rand -base64 32)"';

const unpadded = (text: string) => text.replace(/=+$/, '');

const secret = z.string(secretMust).transform((text, context): WebhookKey => {
  const encoded = text.startsWith('whsec_') ? text.slice('whsec_'.length) : '';
  const key = Buffer.from(encoded, 'base64');
  // A decoder that forgives would sign with another key than the host verifies with.
  if (unpadded(key.toString('base64')) !== unpadded(encoded) || key.length < 24 || key.length > 64) {
    context.addIssue({ code: 'custom', message: secretMust });
    return z.NEVER;
  }
  return key;
});

/** The option `webhook` of a host, checked by `config.ts`. */
export const webhookOption = z
  .strictObject(
    {
      url: z.string(urlMust).refine(isSafeAddress, urlMust),
      secrets: z.array(secret, 'must be a list of secrets').min(1, 'must hold at least one secret'),
    },
    'must be { url, secrets }',
  )
  .nullable()
  .default(null);
