import { describe, expect, it } from 'vitest';
import { chooseLocale, shippedLocales } from '../../widget/src/i18n/match-locale.ts';

describe('the locale of a page’s language', () => {
  it.each([
    ['en', 'en', 'en'],
    ['en-GB', 'en', 'en-GB'],
    ['de', 'de', 'de'],
    ['de-CH', 'de', 'de-CH'],
    ['fr-CA', 'fr', 'fr-CA'],
    ['es-419', 'es', 'es-419'],
    ['pt', 'pt-BR', 'pt'],
    ['pt-BR', 'pt-BR', 'pt-BR'],
    ['pt-PT', 'pt-BR', 'pt-PT'],
    ['zh', 'zh-Hans', 'zh'],
    ['zh-CN', 'zh-Hans', 'zh-CN'],
    ['zh-SG', 'zh-Hans', 'zh-SG'],
    ['ar-EG', 'ar', 'ar-EG'],
    ['ar-u-nu-latn', 'ar', 'ar-u-nu-latn'],
    ['JA-jp', 'ja', 'JA-jp'],
    // Another script, another language, or no language at all.
    ['zh-TW', 'en', 'en'],
    ['zh-HK', 'en', 'en'],
    ['zh-Hant', 'en', 'en'],
    ['ja-Latn', 'en', 'en'],
    ['sv', 'en', 'en'],
    ['und', 'en', 'und'],
    ['', 'en', 'en'],
    ['de_DE', 'en', 'en'],
    ['not a tag', 'en', 'en'],
  ])('"%s": the words of %s, formats of %s', (asked, words, lang) =>
    expect(chooseLocale(asked)).toMatchObject({ words, lang }),
  );

  it.each([
    ['sv', ['sv'], 'sv'],
    ['sv-FI', ['sv'], 'sv'],
    ['pt-PT', ['pt-PT'], 'pt-PT'],
    ['pt', ['pt-PT'], 'pt-BR'],
    ['pt-AO', ['pt-PT'], 'pt-BR'],
    ['zh-TW', ['zh-Hant'], 'zh-Hant'],
    ['de-AT', ['de'], 'de'],
    ['en-US', ['en-GB'], 'en'],
    ['en-gb', ['en-GB'], 'en-GB'],
  ])('"%s" where the host brings %j: those of %s', (asked, own, words) =>
    expect(chooseLocale(asked, own).words).toBe(words),
  );

  it('tells Stripe the page’s language, also where the widget has no words in it', () => {
    expect(['sv', 'zh-TW', 'de-u-co-phonebk', 'no tag', ''].map((tag) => chooseLocale(tag).asked)).toEqual([
      'sv',
      'zh-TW',
      'de',
      undefined,
      undefined,
    ]);
  });

  it('an invalid tag among the host’s own throws nothing', () => {
    expect(chooseLocale('sv', ['not a tag']).words).toBe('en');
    expect(chooseLocale('de', ['not a tag']).words).toBe('de');
  });

  it('each shipped language chooses its own file', () => {
    for (const tag of shippedLocales) expect(chooseLocale(tag)).toEqual({ lang: tag, words: tag, asked: tag });
  });
});
