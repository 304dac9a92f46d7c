/** Pure: which addresses are followed at all. */
import { BillhookError } from '../page/errors.ts';

/** Only https, or this very machine; as a server or a host's configuration writes an address, and nothing that needs guessing. */
const followed = /^https:\/\/|^http:\/\/(([\w.-]+\.)?localhost|127(\.\d+){3}|\[::1])(:\d+)?(\/|$)/;

/**
 * An address from a mistaken configuration must not become `javascript:` or plain http.
 *
 * @throws BillhookError `address_refused`
 */
export function checkedAddress(address: string): string {
  if (!followed.test(address)) throw new BillhookError('address_refused');
  // No parser takes a port of 99999: then this throws, and not the browser when it is to go there.
  return new URL(address).href;
}
