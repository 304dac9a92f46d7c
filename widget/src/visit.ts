/** Trips to Stripe's pages: the id that survives the trip, and which addresses are followed at all. */
import { BillhookError } from './errors.ts';

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
 * A tab for a way out that does not use this page: where the host wants one, and where this page is itself in a frame,
 * because Stripe's pages refuse to be framed. Opened in the click, because a tab opened later is a pop-up; `null` also
 * where the browser refuses it, and then this page is used.
 */
export function prepareTab(wanted: boolean): Window | null {
  const tab = wanted || window.top !== window.self ? window.open('', '_blank') : null;
  if (tab) tab.opener = null;
  return tab;
}

/** In a sandboxed frame without an origin there is no storage to come back to and no origin for the BFF to accept. */
export const inOpaqueFrame = (): boolean => self.origin === 'null';
