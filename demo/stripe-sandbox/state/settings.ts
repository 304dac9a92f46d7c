/** The Dashboard's settings of an account: they shape its behaviour, and no API call can say them. */
export interface Settings {
  /** The account's public name: on hosted pages and invoices. */
  businessName: string;
  readonly country: string;
  /** The public address of the terms of service: without one, no Checkout can ask for consent to them. */
  termsOfServiceUrl: string | null;
  readonly currency: string;
  /**
   * Whether customers are accounts too (Accounts v2, OBJ-6): objects then name the account beside the customer, or instead
   * of it where they may.
   */
  accountsV2: 'off' | 'beside' | 'instead';
  readonly dunning: {
    /** Days after the first failed attempt at which the charge is tried again (SUB-6: 8 tries within 2 weeks). */
    retryAfterDays: number[];
    /** The end of the subscription when the last try has failed. */
    finally: 'cancel' | 'markUnpaid' | 'leavePastDue';
  };
  readonly portal: {
    /** Seconds until an unopened address is worthless (PORT-1). */
    unusedSeconds: number;
    /** Seconds since the last activity until an opened session is over (PORT-1). */
    idleSeconds: number;
    /** Whether a new card in the portal also pays the open invoice at once. Stripe's own behaviour is not documented (SUB-8). */
    newCardPaysOpenInvoice: boolean;
  };
  /** Where the account collects tax by itself, and how its prices are meant where they do not say. */
  readonly tax: {
    registrations: Record<string, { percentage: number; taxType: 'vat' | 'gst' | 'sales_tax' }>;
    /** The others are meant with tax. */
    exclusiveCurrencies: string[];
  };
  /** Days until a bank debit has succeeded or bounced. */
  readonly bankDebitDays: number;
  /** Seconds until an invoice's payment is told as paid; Stripe's come 1 to 21 s after the invoice's own event (SUB-1). */
  invoicePaymentLagSeconds: number;
  /** Seconds until search finds a new customer. Stripe: usually less than a minute; nothing may rely on it sooner. */
  searchLagSeconds: number;
  /** Seconds from the acknowledged `invoice.created` to the charge (SUB-5). */
  readonly finalizeAfterSeconds: number;
}

export const defaultSettings = (): Settings => ({
  businessName: 'Northwind Notes',
  country: 'DE',
  termsOfServiceUrl: null,
  currency: 'eur',
  accountsV2: 'off',
  dunning: { retryAfterDays: [1, 3, 5, 7, 9, 11, 13, 14], finally: 'cancel' },
  portal: { unusedSeconds: 300, idleSeconds: 3600, newCardPaysOpenInvoice: false },
  tax: {
    registrations: {
      DE: { percentage: 19, taxType: 'vat' },
      FR: { percentage: 20, taxType: 'vat' },
      GB: { percentage: 20, taxType: 'vat' },
      AU: { percentage: 10, taxType: 'gst' },
    },
    exclusiveCurrencies: ['usd', 'cad'],
  },
  bankDebitDays: 5,
  invoicePaymentLagSeconds: 0,
  searchLagSeconds: 0,
  finalizeAfterSeconds: 3600,
});
