/** Pure: which words a page's language means. */

/** The locale files beside English, which is inside the script; a test holds the two together. */
export const shippedLocales = 'ar de es fr it ja nl pl pt-BR zh-Hans'.split(' ');

export interface LocaleChoice {
  /** For `Intl` and for `lang`: the page's own regional variant, "de-CH", where there are words in its language. */
  readonly lang: string;
  /** Which words: "de". */
  readonly words: string;
  /** The page's own tag, also where the words are English: Stripe's pages know more languages. */
  readonly asked?: string;
}

/** With the likely subtags of CLDR: "zh-TW" is written in another script than "zh-CN". */
function languageAndScript(tag: string): string {
  const { language, script } = new Intl.Locale(tag).maximize();
  return `${language} ${script}`;
}

/**
 * The host's words for the very tag, else those of the same language and script: "pt-PT" is close enough to "pt-BR", but
 * "zh-TW" gets English rather than characters of another kind. Only tags that begin alike are compared: the likely subtags
 * of one take half a millisecond.
 *
 * @param asked - the page's `lang`: any string, because host pages have `lang=""` and misspellings
 * @param own - tags of words that the host brings
 *
 * @example
 * chooseLocale('de-AT'); // { lang: 'de-AT', words: 'de', asked: 'de-AT' }
 */
export function chooseLocale(asked: string, own: readonly string[] = []): LocaleChoice {
  try {
    const { baseName } = new Intl.Locale(asked);
    const wanted = languageAndScript(asked);
    const words = own.includes(baseName)
      ? baseName
      : [...shippedLocales, 'en', ...own].find((tag) => wanted[0] === tag[0] && languageAndScript(tag) === wanted);
    return { asked: baseName, lang: words ? asked : 'en', words: words ?? 'en' };
  } catch {
    return { lang: 'en', words: 'en' };
  }
}
