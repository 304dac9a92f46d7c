import { describe, expect, it, vi } from 'vitest';
import { createLocalizer, stripeDecimals } from '../../widget/src/i18n/localizer.ts';
import { en, spaced } from './english.ts';

const english = createLocalizer('en-US', en, 'UTC');

describe('money, as Stripe counts it', () => {
  it.each([
    ['usd', 2900, '$29.00'],
    ['usd', 2950, '$29.50'],
    ['jpy', 2900, '¥2,900'],
    ['krw', 2900, '₩2,900'],
    ['clp', 2900, 'CLP 2,900'],
    ['mga', 2900, 'MGA 2,900'],
    ['isk', 290000, 'ISK 2,900'],
    ['ugx', 290000, 'UGX 2,900'],
    ['kwd', 29000, 'KWD 29.000'],
    ['bhd', 29500, 'BHD 29.500'],
    ['isk', 290050, 'ISK 2,900.5'],
    ['usd', -500, '-$5.00'],
    ['usd', 0, '$0.00'],
  ])('%s %d is %s', (currency, amount, shown) => expect(spaced(english.money({ amount, currency }))).toBe(shown));

  it('a whole list price has no decimals, a broken one keeps its own', () => {
    expect(english.money({ amount: 2900, currency: 'usd' }, 'short')).toBe('$29');
    expect(english.money({ amount: 2999, currency: 'usd' }, 'short')).toBe('$29.99');
  });

  it('makes a format once for the page, however many elements write an amount', () => {
    const made = vi.spyOn(Intl, 'NumberFormat');
    const write = (currency: string) => createLocalizer('fr-BE').money({ amount: 2900, currency });
    expect([write('usd'), write('usd'), write('eur')].map(spaced)).toEqual(['29,00 $US', '29,00 $US', '29,00 €']);
    expect(made).toHaveBeenCalledTimes(2);
    made.mockRestore();
  });

  it('an unknown currency code is shown, not thrown', () => {
    expect(spaced(english.money({ amount: 2900, currency: 'xyz' }))).toBe('XYZ 29.00');
  });

  it("Stripe's exceptions to ISO 4217 keep two decimals on the wire", () => {
    expect([stripeDecimals('isk'), stripeDecimals('ugx'), stripeDecimals('jpy'), stripeDecimals('tnd')]).toEqual([
      2, 2, 0, 3,
    ]);
  });
});

describe('words', () => {
  it("the host's words replace ours, the rest stay", () => {
    const i18n = createLocalizer('en', { retry: 'Once more' });
    expect([i18n.term('retry'), i18n.term('opening')]).toEqual(['Once more', en.opening]);
  });

  it.each([
    ['ar', 'rtl'],
    ['ar-EG', 'rtl'],
    ['he', 'rtl'],
    ['az-Arab', 'rtl'],
    ['az', 'ltr'],
    ['ja', 'ltr'],
  ])('%s is written %s', (lang, dir) => expect(createLocalizer(lang).dir).toBe(dir));

  it('a Latin name in Arabic words is isolated', () => {
    expect(createLocalizer('ar', { choose: 'اختيار {plan}' }).term('choose', { plan: 'Pro!' })).toBe(
      'اختيار \u2068Pro!\u2069',
    );
  });

  it('a Latin currency in Arabic words is isolated, so that its sign stays at its end', () => {
    expect(createLocalizer('ar').money({ amount: 2900, currency: 'jpy' })).toContain('\u2068JP¥\u2069');
    expect(createLocalizer('ar').money({ amount: 2900, currency: 'usd' })).toContain('\u2068US$\u2069');
    expect(createLocalizer('de').money({ amount: 2900, currency: 'cad' })).not.toContain('\u2068');
  });

  it('a value that is no string in a locale file is shown, not thrown', () => {
    expect(createLocalizer('de', { retry: 5 as never }).term('retry')).toBe('5');
    expect(createLocalizer('de', { retry: null as never }).term('retry')).toBe('');
  });

  it('a placeholder without a value stays visible, so that a translator sees the mistake', () => {
    expect(english.term('renewsOn')).toBe('Renews on {date}');
  });

  it('a key from the wire without a word is empty', () => {
    expect(english.term('state.dreaming' as never)).toBe('');
  });
});

describe('dates and counts', () => {
  it('a day is the one on the invoice; a moment is in the zone of the viewer', () => {
    const tokyo = createLocalizer('en-US', {}, 'Asia/Tokyo');
    expect(spaced(tokyo.date('2027-06-03T23:30:00Z'))).toBe('June 3, 2027');
    expect(spaced(tokyo.time(Date.parse('2027-05-10T23:00:00Z')))).toBe('May 11, 2027, 8:00 AM');
  });

  it('a moment has its day and its time', () => {
    expect(spaced(english.time(Date.parse('2027-05-10T12:00:00Z')))).toBe('May 10, 2027, 12:00 PM');
  });

  it.each([
    ['month', 1, 'per month'],
    ['month', 3, 'every 3 months'],
    ['year', 2, 'every 2 years'],
    ['week', 1, 'per week'],
    ['day', 14, 'every 14 days'],
  ] as const)('%s × %d is "%s"', (interval, count, words) =>
    expect(spaced(english.interval(interval, count))).toBe(words),
  );

  it.each([
    [0, 'today'],
    [1, 'tomorrow'],
    [5, 'in 5 days'],
  ])('%d days ahead is "%s"', (days, words) => expect(spaced(english.daysAhead(days))).toBe(words));

  it('no line ends inside one', () => {
    const { date, time, period, daysAhead } = english;
    const at = '2027-06-03T23:30:00Z';
    const all = [date(at), period('month', 3), daysAhead(5)];
    expect(all.map((text) => /[\u00a0]/.test(text) && !text.includes(' '))).toEqual([true, true, true]);
    // Longer than a card of 240 px is wide: it would be broken inside a word.
    expect(time(Date.parse(at))).toContain(', 2027, ');
  });
});
