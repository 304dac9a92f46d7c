/** `POST /v1/invoice-sessions`: Stripe's hosted page of an invoice. Given only on a click: it is a key too. */

import { Hono } from 'hono';
import { z } from 'zod';
import type { InvoiceSessionRequest } from '@billhook/widget/contract';
import type { Authenticated } from '../auth.ts';
import { BillhookError } from '../../problem.ts';
import { readBody, type RequestSchema } from '../read-body.ts';
import { customerOf, openVisit, seenField } from '../open-visit.ts';
import { readIntroduced } from '../read-first.ts';
import type { RouteContext } from '../route-context.ts';

const invoiceSessionRequest = z.strictObject({
  invoice: z.literal('last').optional(),
  seen: seenField,
}) satisfies RequestSchema<InvoiceSessionRequest>;

export function invoiceRoute(parts: RouteContext) {
  const { allow, gateway } = parts;
  return new Hono<Authenticated>().post('/', allow('billing:manage'), async (c) => {
    const { caller } = c.var;
    const { invoice, seen } = await readBody(c, invoiceSessionRequest);
    const reading = await readIntroduced(parts, caller);
    const record = customerOf(reading);
    const wanted = invoice === 'last' ? reading.lastInvoice : reading.invoiceToPay;
    const url = wanted === null ? null : await gateway.invoicePage(wanted, invoice !== 'last');
    if (url === null) throw new BillhookError('no_open_invoice');
    return c.json(await openVisit(parts, caller, record, 'invoice', seen, url));
  });
}
