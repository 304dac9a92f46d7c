/** Trips to Stripe's pages: the id that survives the trip, and which addresses are followed at all. */
import { BillhookError } from './errors.ts';

/**
 * Where the visit's id is kept while the person is away. `sessionStorage` belongs to this tab, so another tab does not
 * claim the return. Where storage is refused the id is lost with the page, and the return is an ordinary load.
 */
export class VisitStore {
  readonly #key: string;

  constructor(client: string) {
    this.#key = `billhook-visit:${client}`;
  }

  get(): string | null {
    return sessionItem(this.#key);
  }

  set(visit: string | null): void {
    setSessionItem(this.#key, visit);
  }
}

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

/**
 * Only https, or this very machine: an address from a mistaken configuration must not become `javascript:` or plain http.
 *
 * @throws BillhookError `address_refused`
 */
export function checkedAddress(address: string): string {
  const url = parsed(address);
  const loopback = url?.protocol === 'http:' && /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (!url || (url.protocol !== 'https:' && !loopback)) throw new BillhookError('address_refused');
  return url.href;
}

function parsed(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

export type Navigate = (url: string) => void;

/** How an address is followed once it is known. */
export interface Exit {
  /** This page goes away by it. */
  readonly leavesPage: boolean;
  /** False when the browser refused the tab. */
  follow(url: string): boolean;
  cancel(): void;
}

/**
 * A way out that is never an iframe, because Stripe's pages refuse to be framed: this page, or a tab of its own where
 * the host wants one or the page is itself in a frame. Called in the click, because a tab opened later is a pop-up.
 */
export function prepareExit(newTab: boolean, navigate: Navigate): Exit {
  const framed = window.top !== window.self;
  if (!newTab && !framed) return { leavesPage: true, follow: (url) => (navigate(url), true), cancel() {} };
  const tab = window.open('', '_blank');
  if (tab) tab.opener = null;
  return {
    leavesPage: false,
    follow(url) {
      if (!tab || tab.closed) return false;
      tab.location.replace(url);
      return true;
    },
    cancel: () => tab?.close(),
  };
}

/** In a sandboxed frame without an origin there is no storage to come back to and no origin for the BFF to accept. */
export const inOpaqueFrame = (): boolean => self.origin === 'null';
