/** The eleven languages, held complete and consistent; how they read is judged by people. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '@billhook/widget/contract';
import { nothingKnown } from '../../widget/src/client/client-state.ts';
import { BillhookError, type WidgetErrorCode } from '../../widget/src/page/errors.ts';
import { review } from '../../widget/build/words.ts';
import { shippedLocales } from '../../widget/src/i18n/match-locale.ts';
import { en } from './english.ts';
import { present } from '../../widget/src/view/present.ts';
import { failureText } from '../../widget/src/view/sentences.ts';
import { createLocalizer, type Words } from '../../widget/src/i18n/localizer.ts';
import { active, shownAt, pro, readerOf, several, snapshots, states, team, visa } from './snapshots.ts';

const folder = new URL('../../widget/src/i18n/locales/', import.meta.url);
const wordsOf = (tag: string): Record<string, string> =>
  tag === 'en' ? en : (JSON.parse(readFileSync(new URL(`${tag}.json`, folder), 'utf8')) as Record<string, string>);
const localizerIn = (tag: string, lang = tag) => createLocalizer(lang, wordsOf(tag) as Partial<Words>, 'UTC');
const plain = (text: string) =>
  text.replace(/[\u00a0\u202f]/g, ' ').replace(/[\u2060\u2066-\u2069\u200e\u200f\u061c]/g, '');
const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).toSorted();

/** One that a host chooses by its address. */
const informal = 'de-informal';
const reviewed = [...shippedLocales, informal];

it('the files are those that the widget asks for', () => {
  const files = readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []));
  expect(files.toSorted()).toEqual([...reviewed, 'en'].toSorted());
  // The script loads this file where it lacks an English word; the host's own language may lack more.
  expect(JSON.parse(readFileSync(new URL('en.json', folder), 'utf8'))).toEqual(en);
});

/** Words that are spelled as in English. */
const sameInBoth: Readonly<Record<string, readonly string[]>> = {
  de: ['action.upgrade'],
  [informal]: ['action.upgrade'],
  it: ['perUnit'],
  nl: ['interval.week', 'invoice.open', 'perUnit'],
};

/** "zzgl. MwSt." */
const abbreviated = ['plusTax'];

/** How the person must not be addressed there: each language keeps to one form. */
const wrongRegister: Readonly<Record<string, string>> = {
  [informal]: 'ihr|ihre|ihnen|ihren|ihrer|können|haben Sie',
  de: 'du|dich|dir|dein|deine|deinen|deiner|deines|euch|eure',
  fr: 'tu|te|toi|ton|ta|tes',
  es: 'usted|ustedes|su|sus|vosotros|vuestra|vuestro',
  'pt-BR': 'tu|teu|tua|teus|tuas|vós',
  it: 'lei|suo|sua|suoi|sue|voi|vostro|vostra',
  nl: 'u|uw',
  pl: 'pan|pani|państwo|państwa',
};

describe.each(reviewed)('%s', (tag) => {
  const words = wordsOf(tag);
  const forms = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
  const base = (key: string) => (key in en ? key : key.replace(/\.\w+$/, ''));

  it('has every key, and further ones only for plural forms of the language', () => {
    expect(Object.keys(words).filter((key) => key in en)).toEqual(Object.keys(en));
    const more = Object.keys(words).filter((key) => !(key in en));
    for (const key of more) {
      const period = /^every\.(day|week|month|year)(?:\.(\w+))?$/.exec(key);
      const form = period ? period[2] : /^(?:quantity|otherItems)\.(\w+)$/.exec(key)?.[1];
      expect(period !== null || form !== undefined, key).toBe(true);
      if (form !== undefined) expect(forms, key).toContain(form);
    }
  });

  it('has the placeholders of English', () => {
    for (const [key, text] of Object.entries(words)) {
      // "every 2 months" and "1 more" may be words without a number: كل شهرين.
      const spelled = /\.(one|two)$/.test(key);
      const expected = key.startsWith('every.') ? ['{period}'] : placeholders(en[base(key) as keyof typeof en]);
      if (!spelled || placeholders(text).length) expect(placeholders(text), key).toEqual(expected);
    }
  });

  it('is neither empty nor English, and names Stripe where English does', () => {
    for (const [key, text] of Object.entries(words)) {
      expect(text.trim(), key).toBe(text);
      expect(text, key).not.toBe('');
      if (!(key in en)) continue;
      const english = en[key as keyof typeof en];
      if (!sameInBoth[tag]?.includes(key)) expect(text, key).not.toBe(english);
      expect(text.includes('Stripe'), key).toBe(english.includes('Stripe'));
    }
  });

  it('ends sentences where English does, and sets its own punctuation', () => {
    for (const [key, english] of Object.entries(en)) {
      const text = words[key] ?? '';
      if (!abbreviated.includes(key)) expect(/[.。]$/.test(text), `${key}: ${text}`).toBe(english.endsWith('.'));
      expect(text.endsWith('…'), `${key}: ${text}`).toBe(english.endsWith('…'));
      expect(text, key).not.toMatch(/'|\.\.\.| {2}|"/);
      // French, alone among our languages, sets a space before these, which must not break.
      if (tag === 'fr') expect(text, key).not.toMatch(/[^\u00a0][:;?!]/);
      else expect(text, key).not.toMatch(/\s[:;?!]/);
    }
  });

  it('keeps to one way of addressing the person', () => {
    const wrong = wrongRegister[tag];
    // Chinese and Japanese have no spaces to find a word between.
    const forms = wrong ? new RegExp(`(?<!\\p{L})(?:${wrong})(?!\\p{L})`, 'iu') : /你|あなた|だ。/;
    for (const [key, text] of Object.entries(words)) expect(text, key).not.toMatch(forms);
  });

  it('has short labels, and no word that is wider than a narrow sidebar', () => {
    for (const [key, text] of Object.entries(words)) {
      if (key.startsWith('state.')) expect(text.length, text).toBeLessThanOrEqual(20);
      if (/^(action\.|choose$|opening$|retry$)/.test(key)) expect(text.length, text).toBeLessThanOrEqual(28);
      if (key.startsWith('banner.')) expect(text.length, text).toBeLessThanOrEqual(48);
      for (const word of text.split(/[\s\u00a0\-/]/).filter((each) => !/[{\u3000-\u9fff]/.test(each)))
        expect(word.length, word).toBeLessThanOrEqual(20);
    }
  });

  it('renders every state, for managers and viewers, without a missing or English word', () => {
    const i18n = localizerIn(tag);
    const inThreeMonths = { plan: { ...team, intervalCount: 3 }, at: '2027-06-03T09:00:00Z' };
    const dear = { ...pro, quantity: 5, taxExcluded: true, discounted: true, metered: true, otherItems: 2 };
    const usd = (amount: number) => ({ amount, currency: 'usd' });
    const terms = { price: usd(2320), percentOff: 20, amountOff: usd(580), until: null, once: false };
    const coupon = (change: object) => ({
      ...active,
      plan: { ...team, discounted: true, discount: { ...terms, ...change } },
    });
    const coupons = [coupon({}), coupon({ until: '2027-11-03T09:00:00Z' }), coupon({ percentOff: null, once: true })];
    const best = { id: 'pro', plan: pro, recommended: true, savesPercent: 16 } as const;
    const cardExpires = { ...active, paymentMethod: { ...visa, expiresSoon: true } };
    const all = [...states.map((state) => snapshots[state]), several, cardExpires, ...coupons];
    all.push({ ...snapshots.none, offers: [best] });
    const shown = [...all, ...all.map(readerOf), { ...active, next: inThreeMonths }, { ...active, plan: dear }];
    for (const snapshot of shown) {
      const view = present({ ...nothingKnown, snapshot, confirmedAt: shownAt }, i18n, shownAt);
      for (const text of textsOf(view)) {
        expect(text).not.toMatch(/[{}]|undefined|\bnull\b|NaN|Invalid|Infinity/);
        // Names of plans and what is said of them are the host's, and Stripe and Visa are names.
        const own = text.replace(
          /Several teams in one plan|Team|Pro|Free|Stripe|Visa|SEPA|Analytics add-on|seat|US\$|USD/g,
          '',
        );
        expect(own).not.toMatch(/\b(your|you|payment|access|until|plan is|billing)\b/i);
        if (/^(ar|ja|zh)/.test(tag)) expect(own).not.toMatch(/[a-z]{2,}/i);
      }
    }
  });
});

/** Every text in the view, wherever it stands; not what only code reads. */
function textsOf(view: unknown): string[] {
  if (typeof view === 'string') return [plain(view)];
  if (typeof view !== 'object' || view === null) return [];
  return Object.entries(view).flatMap(([name, part]) =>
    /^(action|features|phase|tone|code|href)$/.test(name) ? [] : textsOf(part),
  );
}

describe('plurals', () => {
  const items = (tag: string, count: number) => plain(localizerIn(tag).term('otherItems', { count }));
  it.each([
    ['en', 1, '+ 1 more'],
    ['de', 1, '+ 1 weitere Position'],
    ['de', 2, '+ 2 weitere Positionen'],
    ['fr', 1, '+ 1 autre article'],
    ['fr', 2, '+ 2 autres articles'],
    ['es', 2, '+ 2 conceptos más'],
    ['pt-BR', 1, '+ 1 item'],
    ['it', 1, '+ 1 altra voce'],
    ['nl', 2, '+ 2 andere onderdelen'],
    ['pl', 1, '+ 1 pozycja'],
    ['pl', 3, '+ 3 pozycje'],
    ['pl', 5, '+ 5 pozycji'],
    ['pl', 12, '+ 12 pozycji'],
    ['pl', 22, '+ 22 pozycje'],
    ['ja', 2, '+ ほか2件'],
    ['zh-Hans', 2, '+ 另 2 项'],
    ['ar', 1, '+ عنصر آخر'],
    ['ar', 2, '+ عنصران آخران'],
    ['ar', 3, '+ 3 عناصر أخرى'],
    ['ar', 11, '+ 11 عنصرًا آخر'],
    ['ar', 100, '+ 100 عنصر آخر'],
  ])('%s, %d: %s', (tag, count, expected) => expect(items(tag, count)).toBe(expected));

  const every = (tag: string, unit: 'day' | 'week' | 'month' | 'year', count: number) =>
    plain(localizerIn(tag).interval(unit, count));
  it.each([
    ['de', 'month', 3, 'alle 3 Monate'],
    ['fr', 'week', 2, 'toutes les 2 semaines'],
    ['fr', 'month', 3, 'tous les 3 mois'],
    ['es', 'month', 6, 'cada 6 meses'],
    ['pt-BR', 'month', 3, 'a cada 3 meses'],
    ['it', 'month', 3, 'ogni 3 mesi'],
    ['nl', 'year', 2, 'elke 2 jaar'],
    ['pl', 'month', 3, 'co 3 miesiące'],
    ['pl', 'month', 6, 'co 6 miesięcy'],
    ['pl', 'year', 2, 'co 2 lata'],
    ['ja', 'month', 3, '/ 3 か月'],
    ['zh-Hans', 'month', 3, '/ 3个月'],
    ['ar', 'month', 2, 'كل شهرين'],
    ['ar', 'month', 3, 'كل 3 أشهر'],
  ] as const)('%s, %s × %d: %s', (tag, unit, count, expected) => expect(every(tag, unit, count)).toBe(expected));
});

describe('money and days keep the region’s own form', () => {
  const money = (tag: string, lang: string, currency: string, amount: number) =>
    plain(localizerIn(tag, lang).money({ amount, currency }));
  it.each([
    ['de', 'de', 'eur', 290050, '2.900,50 €'],
    ['de', 'de-CH', 'chf', 290050, 'CHF 2’900.50'],
    ['de', 'de-AT', 'eur', 290050, '€ 2.900,50'],
    ['fr', 'fr', 'eur', 290050, '2 900,50 €'],
    ['fr', 'fr-CA', 'cad', 2900, '29,00 $'],
    ['nl', 'nl', 'eur', 290050, '€ 2.900,50'],
    ['pl', 'pl', 'pln', 290050, '2900,50 zł'],
    ['pt-BR', 'pt', 'brl', 290050, 'R$ 2.900,50'],
    ['pt-BR', 'pt-PT', 'eur', 290050, '2900,50 €'],
    ['ja', 'ja', 'jpy', 2900, '￥2,900'],
    ['zh-Hans', 'zh-CN', 'cny', 2900, '¥29.00'],
    ['ar', 'ar', 'kwd', 29500, '29.500 د.ك.'],
    ['ar', 'ar-EG', 'egp', 2900, '٢٩٫٠٠ ج.م.'],
    ['en', 'en', 'isk', 290000, 'ISK 2,900'],
    ['de', 'de', 'isk', 290000, '2.900 ISK'],
    ['de', 'de', 'kwd', 29500, '29,500 KWD'],
  ])('%s words in %s: %s %d is %s', (tag, lang, currency, amount, expected) => {
    // Which apostrophe and which yen sign is CLDR's business, and changes with its versions.
    const same = (text: string) => text.replace(/['’]/g, '’').replace(/[￥¥]/g, '¥').replace(/\s+/g, ' ');
    expect(same(money(tag, lang, currency, amount))).toBe(same(expected));
  });

  it.each([
    ['de', 'de', '3. Juni 2027'],
    ['en', 'en-GB', '3 June 2027'],
    ['pl', 'pl', '3 czerwca 2027'],
    ['ja', 'ja', '2027年6月3日'],
    ['ar', 'ar-EG', '٣ يونيو ٢٠٢٧'],
    ['ar', 'ar-MA', '3 يونيو 2027'],
  ])('%s words in %s: %s', (tag, lang, expected) => {
    const date = plain(localizerIn(tag, lang).date('2027-06-03T09:00:00Z'));
    // Morocco calls June by another name.
    expect(lang === 'ar-MA' ? date.replace('يونيه', 'يونيو') : date).toBe(expected);
  });

  it.each(['ja', 'zh-Hans'])('%s: no line may end inside a date', (tag) => {
    expect(localizerIn(tag, tag).date('2027-06-03T09:00:00Z')).toBe('2027\u2060年\u20606\u2060月\u20603\u2060日\u2060');
  });
});

describe('failures', () => {
  /** The words of each code: its own, one of four families, or none because no person ever reads it. */
  const FAMILIES: Readonly<Record<ProblemCode, readonly [status: number, word: keyof typeof en]>> = {
    token_missing: [401, 'failure.support'],
    token_malformed: [401, 'failure.support'],
    token_invalid: [401, 'failure.support'],
    token_expired: [401, 'failure.support'],
    token_issuer_unknown: [401, 'failure.support'],
    token_audience_wrong: [401, 'failure.support'],
    token_keys_unavailable: [503, 'failure.unreachable'],
    scope_missing: [403, 'failure.scope_missing'],
    origin_not_allowed: [403, 'failure.support'],
    return_url_not_allowed: [400, 'failure.support'],
    body_too_large: [413, 'failure.support'],
    body_malformed: [400, 'failure.support'],
    body_consumed: [500, 'failure.unreachable'],
    field_invalid: [400, 'failure.support'],
    no_customer: [404, 'failure.no_customer'],
    no_open_invoice: [404, 'failure.no_open_invoice'],
    subscription_exists: [409, 'failure.subscription_exists'],
    checkout_busy: [409, 'failure.checkout_busy'],
    offer_unavailable: [409, 'failure.offer_unavailable'],
    visit_not_found: [404, 'failure.support'],
    introduction_refused: [403, 'failure.support'],
    portal_not_configured: [502, 'failure.portal_not_configured'],
    portal_flow_unavailable: [409, 'failure.portal_flow_unavailable'],
    stripe_customer_missing: [502, 'failure.support'],
    stripe_unavailable: [503, 'failure.stripe'],
    stripe_rate_limited: [503, 'failure.stripe'],
    stripe_rejected: [502, 'failure.support'],
    webhook_signature_invalid: [400, 'failure.support'],
    webhook_livemode_mismatch: [400, 'failure.support'],
    store_unavailable: [503, 'failure.unreachable'],
    rate_limited: [429, 'failure.rate_limited'],
    not_found: [404, 'failure.support'],
    method_not_allowed: [405, 'failure.support'],
    stopping: [503, 'failure.unreachable'],
    internal: [500, 'failure.unreachable'],
  };
  const OWN: Readonly<Record<Exclude<WidgetErrorCode, ProblemCode>, keyof typeof en>> = {
    offline: 'failure.offline',
    unreachable: 'failure.unreachable',
    timed_out: 'failure.unreachable',
    response_malformed: 'failure.unreachable',
    token_unavailable: 'failure.unreachable',
    token_source_missing: 'failure.support',
    api_missing: 'failure.support',
    unsupported_frame: 'failure.unsupported_frame',
    address_refused: 'failure.support',
    api_not_allowed: 'failure.support',
    token_url_not_allowed: 'failure.support',
    element_name_taken: 'failure.support',
    render_failed: 'failure.support',
  };
  const rows = [...Object.entries(FAMILIES), ...Object.entries(OWN).map(([code, word]) => [code, [0, word]] as const)];

  it.each(rows)('%s, %j, in every language', (code, [status, word]) => {
    for (const tag of ['en', ...shippedLocales]) {
      const text = failureText(new BillhookError(code, status), localizerIn(tag, tag), true);
      expect(plain(text)).toBe(plain(`${wordsOf(tag)[word]}`.replace('{code}', code)));
    }
  });

  it.each(reviewed)('%s: its review has every word, the place of each, and no broken row', async (tag) => {
    const rows = (await review(tag)).trimEnd().split('\n').slice(2);
    const keys = rows.map((row) => row.split(' | ')[0]?.slice(2));
    expect(keys.toSorted()).toEqual([...new Set([...Object.keys(en), ...Object.keys(wordsOf(tag))])].toSorted());
    expect(rows.filter((row) => row.split(' | ').length !== 4)).toEqual([]);
  });

  it('the statuses are those that the server answers with', async () => {
    const { BillhookError: ServerError } = await import('../../server/src/problem.ts');
    for (const [code, [status]] of Object.entries(FAMILIES))
      expect(new ServerError(code as ProblemCode).status, code).toBe(status);
  });
});
