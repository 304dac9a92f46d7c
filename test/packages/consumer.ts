/** A project that uses both packages from npm: compiled by the packages' test, with their types and nothing of ours. */

import { createBillhook, mintWidgetToken, type BillhookOptions } from '@billhook/server';
import { configureBillhook, type BillingSnapshot, type BillhookWidget } from '@billhook/widget';
import type { Problem } from '@billhook/widget/contract';
import '@billhook/widget/define';

const options: BillhookOptions = {
  publicUrl: 'https://billing.example',
  database: ':memory:',
  stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
  hosts: [
    { id: 'app', secrets: ['x'.repeat(32)], origins: ['https://app.example'], returnUrl: 'https://app.example/' },
  ],
};

export async function serveIt(): Promise<Response> {
  const billhook = await createBillhook(options);
  billhook.app.get('/more', (c) => c.text('more'));
  return await billhook.fetch(new Request('https://billing.example/healthz'));
}

// @ts-expect-error -- hosts, a database, Stripe
export const unconfigured = createBillhook({});

export function showIt(): void {
  const issuing = { secret: 'x'.repeat(32), issuer: 'app', audience: 'https://billing.example', account: 'team_1' };
  configureBillhook({ api: 'https://billing.example', getToken: () => mintWidgetToken(issuing) });
  const widget: BillhookWidget = document.createElement('billhook-widget');
  widget.tokenUrl = '/billing/token';
  widget.addEventListener('billhook-change', ({ snapshot }) => planOf(snapshot));
  widget.addEventListener('billhook-error', ({ code, status }) => `${code} ${status.toFixed()}`);
}

export const planOf = ({ plan }: BillingSnapshot): string | null => plan?.name ?? null;
export const codeOf = ({ code }: Problem): string => code;
// @ts-expect-error -- a snapshot names no customer
export const customerOf = (snapshot: BillingSnapshot) => snapshot.customer;
