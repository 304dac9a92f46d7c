/** Leaves for Stripe's pages. */
import type { OpenedVisit } from '../contract.ts';
import { registry } from '../page/config.ts';
import { BillhookError } from '../page/errors.ts';
import { checkedAddress } from './address.ts';

/**
 * Goes to Stripe's page: in this one, or in a tab where the host wants one and where this page is itself in a frame,
 * because Stripe's pages refuse to be framed. The tab is opened in the click, because one opened later is a pop-up; where
 * the browser refuses even that, this page is used.
 *
 * @param open - asks for the address, which is followed at once
 * @param keep - keeps the visit's id for the page that the person comes back to
 * @returns whether this page is being left
 * @throws BillhookError `unsupported_frame`, `address_refused`, and the errors of `open`
 */
export async function leaveForVisit(
  open: () => Promise<OpenedVisit>,
  newTab: boolean,
  keep: (visit: string) => void,
): Promise<boolean> {
  const framed = window.top !== window.self;
  const tab = newTab || framed ? window.open('', '_blank') : null;
  try {
    if (framed && !tab) throw new BillhookError('unsupported_frame');
    if (tab) tab.opener = null;
    const { url, visit } = await open();
    const address = checkedAddress(url);
    keep(visit);
    const { navigate = (there: string) => location.assign(there) } = registry.options;
    if (tab) tab.location.replace(address);
    else navigate(address);
    return !tab;
  } catch (cause) {
    tab?.close();
    throw cause;
  }
}
