/** Trips to Stripe's pages: the id that survives the trip, and which addresses are followed at all. */
import type { OpenedVisit } from '../contract.ts';
import { BillhookError } from '../page/errors.ts';
import { registry } from '../page/config.ts';

/**
 * `sessionStorage` keeps a visit's id while the person is away. It belongs to this tab, so another tab does not claim the
 * return. Where storage is refused the id is lost with the page, and the return is an ordinary load.
 */
export function sessionItem(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function setSessionItem(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // Storage is refused or full: nothing here is worth failing for.
  }
}

/** Only https, or this very machine; as a server or a host's configuration writes an address, and nothing that needs guessing. */
const FOLLOWED = /^https:\/\/|^http:\/\/(([\w.-]+\.)?localhost|127(\.\d+){3}|\[::1])(:\d+)?(\/|$)/;

/**
 * An address from a mistaken configuration must not become `javascript:` or plain http.
 *
 * @throws BillhookError `address_refused`
 */
export function checkedAddress(address: string): string {
  if (!FOLLOWED.test(address)) throw new BillhookError('address_refused');
  return address;
}

export type Navigate = (url: string) => void;

/**
 * Goes to Stripe's page: in this one, or in a tab where the host wants one and where this page is itself in a frame,
 * because Stripe's pages refuse to be framed. The tab is opened in the click, because one opened later is a pop-up; where
 * the browser refuses even that, this page is used.
 *
 * @param open asks for the address, which is followed at once
 * @param key where the visit's id is kept
 * @returns whether this page is being left
 * @throws BillhookError `unsupported_frame`, `address_refused`, and what `open` throws
 */
export async function leaveForVisit(open: () => Promise<OpenedVisit>, newTab: boolean, key: string): Promise<boolean> {
  const framed = window.top !== window.self;
  const tab = newTab || framed ? window.open('', '_blank') : null;
  try {
    // Without an origin there is no storage to come back to, and nobody whom the BFF would answer.
    if (self.origin === 'null' || (framed && !tab)) throw new BillhookError('unsupported_frame');
    if (tab) tab.opener = null;
    const { url, visit } = await open();
    const address = checkedAddress(url);
    setSessionItem(key, visit);
    const { navigate = (there: string) => location.assign(there) } = registry.options;
    if (tab) tab.location.replace(address);
    else navigate(address);
    return !tab;
  } catch (error) {
    tab?.close();
    throw error;
  }
}
