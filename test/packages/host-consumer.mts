/** A host's backend that uses @billhook/host from npm: compiled by the packages' test, as `consumer.ts` is. */

import { createBillhookHost, type HostNotice } from '@billhook/host';

export const host = createBillhookHost({
  url: process.env['BILLHOOK_URL'],
  issuer: 'app',
  secret: process.env['BILLHOOK_HOST_SECRET'],
  onUnknown: 'allow',
  onUnreachable: 'refuse',
});

/** The type of a notice tells its data. */
export function mailFor(notice: HostNotice): string | null {
  switch (notice.type) {
    case 'payment.failed':
      return `${notice.data.due.amount} ${notice.data.due.currency}, until ${notice.data.graceEndsAt ?? 'paid'}`;
    case 'plan.changed':
      return `${notice.data.from.name} → ${notice.data.to.name}, ${notice.access.seats} seats`;
    default:
      return null;
  }
}
