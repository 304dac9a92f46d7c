/** How one page speaks: its words, its direction, the week it is, and `Intl` in the language of the words. */

import { wordsFor, type Words } from './words.ts';

export interface Speech {
  readonly words: Words;
  readonly dir: 'ltr' | 'rtl';
  /** The language asked for: the widget may have words where the host has none. */
  readonly widgetLang: string;
  number(value: number): string;
  percent(ratio: number): string;
  /** Monday of the week that is `weeks` after this one, such as "17 Nov". */
  week(weeks: number): string;
  /** Friday of that week. */
  weekEnd(weeks: number): string;
  list(parts: readonly string[]): string;
}

const oneDay = 86_400_000;

/** @param now - Unix milliseconds. */
export function speech(lang: string | undefined, dir: 'ltr' | 'rtl' | undefined, now: number): Speech {
  const widgetLang = languageTag(lang) ?? 'en';
  const words = wordsFor(widgetLang);
  const day = new Intl.DateTimeFormat(words.lang, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const monday = mondayOf(now);
  return {
    words,
    dir: dir ?? words.dir,
    widgetLang,
    number: (value) => new Intl.NumberFormat(words.lang).format(value),
    percent: (ratio) => new Intl.NumberFormat(words.lang, { style: 'percent' }).format(ratio),
    week: (weeks) => day.format(monday + weeks * 7 * oneDay),
    weekEnd: (weeks) => day.format(monday + (weeks * 7 + 4) * oneDay),
    list: (parts) => new Intl.ListFormat(words.lang, { type: 'unit' }).format(parts),
  };
}

/** A language tag from a query is untrusted text: only a well-formed one reaches a page or `Intl`. */
export function languageTag(text: string | undefined): string | undefined {
  try {
    return Intl.getCanonicalLocales(text)[0];
  } catch {
    return undefined;
  }
}

export const direction = (text: string | undefined): 'ltr' | 'rtl' | undefined =>
  text === 'rtl' || text === 'ltr' ? text : undefined;

function mondayOf(now: number): number {
  const today = new Date(now);
  today.setUTCHours(0, 0, 0, 0);
  return today.getTime() - ((today.getUTCDay() + 6) % 7) * oneDay;
}
