/** A host whose settings are read at its first use: a framework's build imports modules where no secret is set. */

import type { GuardRule } from './guard.ts';
import { guarded, type Guard } from './guarded.ts';
import { createBillhookHost, type BillhookHost, type BillhookHostOptions } from './host.ts';

/**
 * The same as {@link createBillhookHost}, made by the first call. For frameworks that import route modules without serving
 * them (`next build`), and for workers, which have their settings only while they answer a request.
 *
 * @param options - reads the settings, when they are needed
 *
 * @example
 * ```ts
 * export const billing = lazyBillhookHost(() => ({
 *   url: process.env.BILLHOOK_URL,
 *   issuer: 'acme',
 *   secret: process.env.BILLHOOK_HOST_SECRET,
 *   onUnknown: 'refuse',
 *   onUnreachable: 'allow',
 * }));
 * ```
 *
 * @returns A host of which every call, a guard's included, throws the `BillhookOptionError` of settings that are wrong.
 */
export function lazyBillhookHost(options: () => BillhookHostOptions): BillhookHost {
  const host = once(() => createBillhookHost(options()));
  return {
    token: async (contents) => await host().token(contents),
    access: async (account) => await host().access(account),
    forget: (account) => host().forget(account),
    guard: (rule) => lazyGuard(host, rule),
    notice: async (delivery) => await host().notice(delivery),
  };
}

function lazyGuard(host: () => BillhookHost, rule: GuardRule | undefined): Guard {
  const guard = once(() => host().guard(rule));
  return guarded((account) => guard().check(account));
}

/** A making that failed is tried again at the next call. */
function once<Thing extends object>(make: () => Thing): () => Thing {
  let made: Thing | undefined;
  return () => (made ??= make());
}
