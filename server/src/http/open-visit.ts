/** Shared by the portal, Checkout and invoice routes: where back leads, and the visit that begins. */

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { idField } from './read-body.ts';
import type { OpenedVisit } from '@billhook/widget/contract';
import type { Caller } from './auth.ts';
import type { Host } from '../config/config.ts';
import { BillhookError } from '../problem.ts';
import { counterOf, type AccountView } from '../accounts/view.ts';
import type { RouteContext } from './route-context.ts';
import { isLiving, type CustomerRecord } from '../ledger/customers.ts';
import type { VisitKind } from '../ledger/visits.ts';

/** How long a visit may take before its return is no return any more. */
const visitLifeMs = 24 * 60 * 60 * 1000;

/** Stripe takes an address of so many characters. */
const longestReturnUrl = 5_000;

/** A revision as a snapshot gave it. */
export const seenField = idField.nullable();
/** Text that both ledgers and every URL parser read alike. How long it may be is said in {@link returnUrlOf}. */
export const returnUrlField = z
  .string()
  .refine((text) => text.isWellFormed() && !text.includes('\0'))
  .optional();
/** The page's language, as BCP 47; Stripe's pages fall back by themselves where they have no words in it. */
export const localeField = z
  .string()
  .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}$/)
  .optional();

/** Control characters, which parsers leave out or refuse, each as it likes. */
const control = /\p{Cc}/u;

/**
 * The address to come back to: the page's own where it lies on one of the host's origins, else the configured one. The
 * address that is checked is the one that is sent: the parsed one, which no other parser reads as one of another origin. Its
 * query and fragment are the host's own business, tokens and searches of people among them: Stripe gets them where the host
 * says so (`returnUrlKeeps`). A page's address may be longer than Stripe takes, and that is no reason to refuse a click:
 * then back leads to the page without them.
 *
 * @throws {BillhookError} `return_url_not_allowed`
 */
export function returnUrlOf(
  host: Host,
  wanted: string | undefined,
  field: 'returnUrl' | 'completionUrl' = 'returnUrl',
): string {
  if (wanted === undefined) return host.returnUrl;
  const url = URL.canParse(wanted) && !control.test(wanted) ? new URL(wanted) : null;
  // A backslash is a slash to browsers, and a letter to RFC 3986. A browser writes none but behind the path.
  const hasBackslash = /^[^?#]*\\/.test(wanted);
  const isWeb = url !== null && /^https?:/.test(url.protocol) && url.username === '' && url.password === '';
  // Exact origins, compared after parsing: prefixes and user parts are how open redirects are made.
  if (!isWeb || hasBackslash || !host.origins.includes(url.origin)) {
    throw new BillhookError('return_url_not_allowed', {
      field,
      origin: url?.origin,
      detail: `${field} must lie on one of the host’s configured origins.`,
    });
  }
  if (!host.returnUrlKeeps.includes('query')) url.search = '';
  if (!host.returnUrlKeeps.includes('fragment')) url.hash = '';
  const sent = url.href.replaceAll('\\', '%5C');
  if (sent.length <= longestReturnUrl) return sent;
  const page = `${url.origin}${url.pathname}`;
  return page.length <= longestReturnUrl ? page : host.returnUrl;
}

/** The living customer of the account. @throws {BillhookError} `no_customer` */
export function customerOf({ record }: AccountView): CustomerRecord {
  if (isLiving(record)) return record;
  if (record === null) throw new BillhookError('no_customer');
  const detail = 'This account’s customer was deleted at Stripe, so there is no billing to manage until it buys again.';
  throw new BillhookError('no_customer', { detail });
}

/** Begins a visit at the revision that the page showed, or, if it cannot say, at the one that is known now. */
export async function openVisit(
  { config, store }: RouteContext,
  { host, account }: Caller,
  { customer, revision }: CustomerRecord,
  kind: VisitKind,
  seen: string | null,
  url: string,
): Promise<OpenedVisit> {
  const visit = randomBytes(16).toString('base64url');
  const openedAt = config.now();
  await store.openVisit({
    id: visit,
    host,
    account,
    customer,
    kind,
    seen: Math.min(counterOf(seen, store.epoch) ?? revision, revision),
    openedAt,
    expiresAt: openedAt + visitLifeMs,
  });
  config.log.info(`${kind}.opened`, { host, account, customer, audit: true });
  return { url, visit };
}
