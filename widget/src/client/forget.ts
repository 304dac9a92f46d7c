import { registry } from '../page/config.ts';
import { clearSession } from './session-storage.ts';

/**
 * Drops all that is known of the person: what is shown, the token, requests, and what the tab's storage keeps; then asks
 * the host for a new token. For a page that is not loaded anew: call it after each sign-out and each sign-in.
 *
 * ```js
 * await api.post('/sign-out');
 * forgetBillhook();
 * ```
 */
export function forgetBillhook(): void {
  clearSession();
  for (const listener of registry.listeners) listener(true);
}
