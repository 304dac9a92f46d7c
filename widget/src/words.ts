/**
 * Words, dates and money in one language. Every string for people passes through here, so that each can be replaced and
 * translated; `Intl` always uses the language of the words, never another one.
 */
import type { Interval, Money } from './contract.ts';
import { en } from './locales/en.ts';

export type WordKey = keyof typeof en;

/** All words of one language. A partial set is filled up with English. */
export type Words = { readonly [key in WordKey]: string };

export type Values = Readonly<Record<string, string>>;

export interface Speech {
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  /** Empty for a key that has no word: keys are also made from what the wire says. */
  say(key: WordKey, values?: Values): string;
  number(value: number): string;
  /** "per month", "every 3 months". */
  interval(interval: Interval, count: number): string;
  /** "in 5 days", "tomorrow", "today". */
  daysAhead(days: number): string;
  /** A calendar day: "May 3, 2027". */
  date(iso: string): string;
  /** A moment, for "as of". */
  time(at: number): string;
  money(money: Money, style?: 'exact' | 'short'): string;
  list(parts: readonly string[]): string;
}

export interface SpeechOptions {
  /** The page's language, a BCP 47 tag. Followed as far as the words are in it: "en-GB" is, "de" without words is not. */
  readonly pageLang?: string | undefined;
  /** The host's own words. */
  readonly words?: Partial<Words> | undefined;
  /** The language that `words` are in. Default: English. */
  readonly lang?: string | undefined;
  /** Default: the viewer's. */
  readonly timeZone?: string | undefined;
}

/** Stripe sends these without minor units: https://docs.stripe.com/currencies#zero-decimal */
const ZERO_DECIMAL = /^(bif|clp|djf|gnf|jpy|kmf|krw|mga|pyg|rwf|vnd|vuv|xaf|xof|xpf)$/;
const THREE_DECIMAL = /^(bhd|jod|kwd|omr|tnd)$/;

/**
 * How many decimals Stripe's integer amounts have. Not the same as ISO 4217: ISK and UGX have none in ISO, but Stripe
 * keeps sending them with two, so trusting `Intl` would show them 100 times too large.
 */
export function stripeDecimals(currency: string): 0 | 2 | 3 {
  return ZERO_DECIMAL.test(currency) ? 0 : THREE_DECIMAL.test(currency) ? 3 : 2;
}

const RIGHT_TO_LEFT = /^(Arab|Hebr|Thaa|Syrc|Nkoo|Adlm|Rohg)$/;

export function speech({ pageLang, words, lang, timeZone }: SpeechOptions): Speech {
  const { tag, script } = chooseLocale(pageLang, lang ?? 'en');
  const dir = RIGHT_TO_LEFT.test(`${script}`) ? 'rtl' : 'ltr';
  const all: Words = { ...en, ...words };

  const number = (value: number, options?: Intl.NumberFormatOptions) =>
    new Intl.NumberFormat(tag, options).format(value);

  const when = (at: number, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(tag, { ...options, timeZone }).format(at);

  function say(key: WordKey, values: Values = {}): string {
    return (all[key] ?? '').replace(/\{(\w+)\}/g, (placeholder, name: string) => {
      const value = values[name] ?? placeholder;
      // A Latin plan name in Arabic words would drag the punctuation beside it to the wrong side.
      return dir === 'rtl' ? `\u2068${value}\u2069` : value;
    });
  }

  return {
    lang: tag,
    dir,
    say,
    number,
    interval: (interval, count) =>
      count === 1
        ? say(`interval.${interval}`)
        : say('every', { period: number(count, { style: 'unit', unit: interval, unitDisplay: 'long' }) }),
    daysAhead: (days) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }).format(days, 'day'),
    date: (iso) => when(Date.parse(iso), { dateStyle: 'long' }),
    time: (at) => when(at, { dateStyle: 'medium', timeStyle: 'short' }),
    money({ amount, currency }, style = 'exact') {
      const decimals = stripeDecimals(currency);
      const value = amount / 10 ** decimals;
      const whole = Number.isInteger(value);
      try {
        return number(value, {
          style: 'currency',
          currency,
          // A whole list price reads better without ".00"; cents that Intl would round away are always shown.
          ...(whole ? (style === 'short' ? { maximumFractionDigits: 0 } : {}) : { maximumFractionDigits: decimals }),
        });
      } catch {
        return `${value} ${currency.toUpperCase()}`; // a currency code that this browser refuses
      }
    },
    list: (parts) => new Intl.ListFormat(tag, { type: 'unit', style: 'short' }).format(parts),
  };
}

/** The page's own tag where its language is the words' language, else the words' tag; English where neither is valid. */
function chooseLocale(pageLang: string | undefined, wordsLang: string): { tag: string; script: string | undefined } {
  for (const tag of [pageLang ?? '', wordsLang]) {
    try {
      const { language, script } = new Intl.Locale(tag).maximize();
      const words = new Intl.Locale(wordsLang).maximize();
      if (language === words.language && script === words.script) return { tag, script };
    } catch {
      // Not a language tag: `lang=""` and misspellings are common in host pages.
    }
  }
  return { tag: 'en', script: 'Latn' };
}
