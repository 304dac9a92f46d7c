/** Leaves for Stripe's pages. */
import type { OpenedVisit } from '../contract.ts';
import { registry } from '../page/config.ts';
import { BillhookError } from '../page/errors.ts';
import { checkedAddress } from './address.ts';
import { setSessionItem } from './session-storage.ts';

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
