/** The languages of Stripe's pages, and which of them a page's language means. */

/** As of the SDK's `BillingPortal.SessionCreateParams.Locale`; a test holds the two together. */
export const stripeLocales = [
  'bg',
  'cs',
  'da',
  'de',
  'el',
  'en',
  'en-AU',
  'en-CA',
  'en-GB',
  'en-IE',
  'en-IN',
  'en-NZ',
  'en-SG',
  'es',
  'es-419',
  'et',
  'fi',
  'fil',
  'fr',
  'fr-CA',
  'hr',
  'hu',
  'id',
  'it',
  'ja',
  'ko',
  'lt',
  'lv',
  'ms',
  'mt',
  'nb',
  'nl',
  'pl',
  'pt',
  'pt-BR',
  'ro',
  'ru',
  'sk',
  'sl',
  'sv',
  'th',
  'tr',
  'vi',
  'zh',
  'zh-HK',
  'zh-TW',
];

/** The regional kinds of English that the portal speaks and Checkout refuses (CHK-2). */
const portalsOwn: readonly string[] = ['en-AU', 'en-CA', 'en-IE', 'en-IN', 'en-NZ', 'en-SG'];

/** Those that both pages take; a test holds them to the SDK’s `Checkout.SessionCreateParams.Locale`. */
export const checkoutLocales = stripeLocales.filter((locale) => !portalsOwn.includes(locale));

const localesOf = { portal: stripeLocales, checkout: checkoutLocales };

/** Tags that mean one of Stripe's without beginning like it. */
const others: Readonly<Record<string, string>> = {
  no: 'nb',
  nn: 'nb',
  tl: 'fil',
  'zh-hant': 'zh-TW',
  'zh-hant-hk': 'zh-HK',
};

/**
 * @param wanted - an IETF language tag, such as the page's `lang`
 * @param page - the page of Stripe's that is opened: each has a list of its own
 * @returns Stripe's nearest: the tag itself, else its language; `auto` where Stripe has neither, or it is no tag at all.
 *
 * @example
 * stripeLocale('de-AT', 'checkout'); // 'de'
 */
export function stripeLocale(wanted: string, page: keyof typeof localesOf): string {
  for (let tag = wanted.toLowerCase(); tag !== ''; tag = tag.slice(0, Math.max(tag.lastIndexOf('-'), 0))) {
    const found = localesOf[page].find((each) => each.toLowerCase() === tag) ?? others[tag];
    if (found !== undefined) return found;
  }
  return 'auto';
}
