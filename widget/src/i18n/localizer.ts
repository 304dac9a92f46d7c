/**
 * Words, dates and money in one language. Every string for people passes through here, so that each can be replaced and
 * translated; `Intl` always uses the language of the words, never another one.
 */
import type { Interval, Money } from '../contract.ts';
import { en } from './locales/en.ts';
import type { WordKey } from './locales/en-more.ts';

export type { WordKey };

/** All words of one language. A partial set is filled up with English. */
export type Words = { readonly [key in WordKey]: string };

/**
 * The values of placeholders. A number is written in the digits of the language, and one that is called `count` also
 * chooses the plural form; an amount is written as money, and an ISO date that is called `date` or `month` as such.
 */
export type Values = Readonly<Record<string, string | number | Money | null | undefined>>;

export interface Localizer {
  /** A BCP 47 tag. */
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  /**
   * A word, its placeholders filled in. A language that needs plural forms has them beside it, under the categories of
   * `Intl.PluralRules`: `otherItems.one`, `otherItems.few`.
   *
   * @returns an empty string for a key that has no word, because keys are also made from values of the wire; and where a
   * value is `null`, because a sentence with a hole says nothing
   */
  term(key: WordKey, values?: Values): string;
  /** "per month", "every 3 months". */
  interval(interval: Interval, count: number): string;
  /** "14 days". */
  period(unit: Interval, count: number): string;
  /** "in 5 days", "tomorrow", "today". */
  daysAhead(days: number): string;
  /** A calendar day as Stripe's invoices print it, in UTC: "May 3, 2027" (F32). */
  date(iso: string): string;
  /** The month of a card, as it is printed on one: "10/2027". */
  month(iso: string): string;
  /** A moment, for "as of". */
  time(at: number): string;
  money(money: Money, style?: 'exact' | 'short'): string;
  number(value: number, options?: Intl.NumberFormatOptions): string;
}

/** Stripe sends these without minor units: https://docs.stripe.com/currencies#zero-decimal */
const zeroDecimal = /bif|clp|djf|gnf|jpy|kmf|krw|mga|pyg|rwf|vnd|vuv|xaf|xof|xpf/;
const threeDecimal = /bhd|jod|kwd|omr|tnd/;

/**
 * How many decimals Stripe's integer amounts have. Not the same as ISO 4217: ISK and UGX have none in ISO, but Stripe
 * keeps sending them with two, so trusting `Intl` would show them 100 times too large.
 */
export function stripeDecimals(currency: string): 0 | 2 | 3 {
  return zeroDecimal.test(currency) ? 0 : threeDecimal.test(currency) ? 3 : 2;
}

/**
 * A date or a count is read as one, so no line ends inside it: Chinese and Japanese, which have no spaces, may else be broken
 * before and after each sign. With a time of day it would be longer than a narrow card.
 */
const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0').replace(/[年月日]/g, '\u2060$&\u2060');

const rightToLeftScripts = /Arab|Hebr|Thaa|Syrc|Nkoo|Adlm|Rohg/;

const formats: Record<string, unknown> = {};

/** Each is made once for the page: that costs a hundred times what its use does. */
const formatOf = <Format, Options>(
  Type: new (lang: string, options?: Options) => Format,
  lang: string,
  options?: Options,
): Format => (formats[Type.name + lang + JSON.stringify(options)] ??= new Type(lang, options)) as Format;

/**
 * @param lang - a valid BCP 47 tag, the language of `words`: missing words are English
 * @param timeZone - default: the viewer's
 * @param missing - called where a word is wanted that is neither there nor in the script
 */
export function createLocalizer(
  lang: string,
  words: Partial<Words> = {},
  timeZone?: string,
  missing?: () => void,
): Localizer {
  const dir = rightToLeftScripts.test(`${new Intl.Locale(lang).maximize()}`) ? 'rtl' : 'ltr';
  const all: Partial<Record<string, string>> = { ...en, ...words };

  function number(value: number, options?: Intl.NumberFormatOptions): string {
    // "NaN months" is worse than a document that is not shown.
    if (!Number.isFinite(value)) throw new RangeError('no number');
    return formatOf(Intl.NumberFormat, lang, options).format(value);
  }

  const when = (at: number, options: Intl.DateTimeFormatOptions) =>
    formatOf(Intl.DateTimeFormat, lang, { timeZone, ...options }).format(at);

  const find = (key: string, count: unknown) =>
    (typeof count === 'number' && all[`${key}.${formatOf(Intl.PluralRules, lang).select(count)}`]) || all[key];

  const date = (iso: string) => unbroken(when(Date.parse(iso), { dateStyle: 'long', timeZone: 'UTC' }));
  const month = (iso: string) => when(Date.parse(iso), { month: '2-digit', year: 'numeric', timeZone: 'UTC' });

  const written = (name: string, value: string | number | Money) =>
    typeof value === 'object'
      ? money(value)
      : typeof value === 'number'
        ? number(value)
        : name === 'date'
          ? date(value)
          : name === 'month'
            ? month(value)
            : value;

  function filled(word: unknown, values: Values): string {
    let lacks = false;
    // A locale file is the host's: a value that is no string must not throw.
    const text = `${word ?? ''}`.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
      if (!(name in values)) return placeholder;
      const value = values[name] ?? '';
      lacks ||= value === '';
      // A Latin plan name in Arabic words would drag the punctuation beside it to the wrong side.
      return lacks ? '' : dir === 'rtl' ? `\u2068${written(name, value)}\u2069` : written(name, value);
    });
    return lacks ? '' : text;
  }

  const periodOf = (unit: Interval, count: number) =>
    unbroken(number(count, { style: 'unit', unit, unitDisplay: 'long' }));

  function term(key: string, values: Values = {}): string {
    const { count } = values;
    const word = find(key, count);
    if (word === undefined) missing?.();
    return filled(word, values);
  }

  function money({ amount, currency }: Money, style = 'exact'): string {
    const decimals = stripeDecimals(currency);
    const value = amount / 10 ** decimals;
    const whole = Number.isInteger(value);
    const text = number(value, {
      style: 'currency',
      currency,
      // A whole list price reads better without ".00"; cents that Intl would round away are always shown.
      ...(whole ? (style === 'short' ? { maximumFractionDigits: 0 } : {}) : { maximumFractionDigits: decimals }),
    });
    // Else the sign of "US$" and "JP¥" goes to its left.
    return dir === 'rtl' ? text.replace(/\w+\p{Sc}/u, '\u2068$&\u2069') : text;
  }

  return {
    lang,
    dir,
    term,
    number,
    interval(interval, count) {
      if (count === 1) return term(`interval.${interval}`);
      const period = periodOf(interval, count);
      // The word for "every" may hang on the unit's gender, or on the count.
      const own = find(`every.${interval}`, count);
      return own === undefined ? term('every', { period }) : filled(own, { period });
    },
    period: periodOf,
    daysAhead: (days) => unbroken(formatOf(Intl.RelativeTimeFormat, lang, { numeric: 'auto' }).format(days, 'day')),
    date,
    month,
    time: (at) => when(at, { dateStyle: 'medium', timeStyle: 'short' }),
    money,
  };
}
