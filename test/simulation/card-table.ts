/**
 * The card as people read it: state × role × words × actions × access × money. The rows are made of the widget's own
 * texts, and its amounts are held against those of Stripe's pages.
 */

import { readFileSync } from 'node:fs';
import type { BillingSnapshot, BillingState } from '@billhook/widget/contract';
import { nothingKnown } from '../../widget/src/client/client-state.ts';
import { createLocalizer, type Words } from '../../widget/src/i18n/localizer.ts';
import { present, type BillingView } from '../../widget/src/view/present.ts';
import { en } from '../widget/english.ts';
import { amountsIn, type InvoicePage, type MoneyAtStripe } from './stripe-pages.ts';

export const roles = ['manager', 'reader'] as const;
export type Role = (typeof roles)[number];

/** In the order of the table. An account that was never looked at is shown as loading. */
export const states = Object.keys({
  unknown: 0,
  none: 0,
  ended: 0,
  active: 0,
  trialing: 0,
  ending: 0,
  paused: 0,
  processing: 0,
  incomplete: 0,
  actionRequired: 0,
  pastDue: 0,
  restricted: 0,
} satisfies Record<BillingState, 0>) as BillingState[];

const languages = ['ar', 'de', 'es', 'fr', 'it', 'ja', 'nl', 'pl', 'pt-BR', 'zh-Hans'];
const english = createLocalizer('en-US', en, 'UTC');
const others = languages.map((language) => {
  const file = new URL(`../../widget/src/i18n/locales/${language}.json`, import.meta.url);
  const words = JSON.parse(readFileSync(file, 'utf8')) as Partial<Words>;
  return { language, localizer: createLocalizer(language, words, 'UTC') };
});

/** A placeholder without its value, or a value that is none. */
const holes = /[{}]|\b(undefined|null|NaN|Invalid)\b/;

/** The amounts that are compared, by where they are printed. */
export const places = ['button', 'banner', 'line', 'price', 'last invoice', 'next payment', 'offer'] as const;
export type Place = (typeof places)[number];

interface Row {
  cards: number;
  amounts: number;
  example: string;
}

export interface Opened {
  readonly snapshot: BillingSnapshot;
  readonly now: number;
  /** The life until here, for a failure's message. */
  readonly after: string;
}

export class CardTable {
  readonly #rows = new Map<string, Row>();
  readonly #compared = new Map<Place, number>();
  readonly #translated = new Set<string>();
  readonly faults: string[] = [];

  seen(state: BillingState, role: Role): boolean {
    return [...this.#rows.keys()].some((key) => key.startsWith(`${state} | ${role} |`));
  }

  compared(place: Place): number {
    return this.#compared.get(place) ?? 0;
  }

  /** @param money - `null` for a reader, that is told no amount of a debt */
  add({ snapshot, now, after }: Opened, money: { at: MoneyAtStripe; page: InvoicePage | null } | null): void {
    const view = present({ ...nothingKnown, snapshot, confirmedAt: now }, english, now);
    const role: Role = snapshot.mayManage ? 'manager' : 'reader';
    const fault = (what: string) => void this.faults.push(`${snapshot.state}, ${role}: ${what}, after ${after}`);
    const says = wordsOf(view);
    const buttons = buttonsOf(view);
    this.#holdsWords(view, snapshot, fault);
    this.#hasAWayOut(view, snapshot, fault);
    const before = [...this.#compared.values()].reduce((sum, each) => sum + each, 0);
    if (money) this.#asStripeSays(view, snapshot, money, fault);
    const amounts = [...this.#compared.values()].reduce((sum, each) => sum + each, 0) - before;
    const shape = (text: string) =>
      text
        .replaceAll(/(€|\$|¥)[\d,.]*\d/g, '€…')
        .replaceAll(/\w+ \d+, \d{4}/g, '…')
        .replaceAll(/Team \d/g, 'Team');
    const ways = shape(buttons.join(' · ')) || '–';
    const key = [snapshot.state, role, snapshot.access.level, ways].join(' | ');
    const row = this.#rows.get(key) ?? { cards: 0, amounts: 0, example: says.join(' ') };
    this.#rows.set(key, { ...row, cards: row.cards + 1, amounts: row.amounts + amounts });
    this.#speaksEveryLanguage(`${key} ${shape(says.join())}`, { snapshot, now, after }, view, fault);
  }

  compare(place: Place, said: number | null, stripe: number | null | undefined, fault: (what: string) => void): void {
    this.#compared.set(place, this.compared(place) + 1);
    if (said !== stripe) fault(`${place} says ${said}, Stripe’s page ${stripe}`);
  }

  #holdsWords({ banner, plan, subscriptions }: BillingView, { state }: BillingSnapshot, fault: Fault): void {
    if (state === 'unknown') return;
    const texts = [
      ...(banner ? [banner.title, banner.text] : []),
      ...[plan, ...subscriptions].flatMap(({ name, lines }) => [name, ...lines]),
    ];
    if (plan.name === '' || banner?.title === '' || banner?.text === '') fault('says nothing where words belong');
    if (holes.test(texts.join(' ')) || texts.some((text) => /^$|  /.test(text)))
      fault(`words with a hole: ${JSON.stringify(texts)}`);
    if (plan.status === null && plan.lines.length === 0 && state !== 'none') fault('names no state');
  }

  /** A button, or the reason why there is none. */
  #hasAWayOut(view: BillingView, { state, mayManage }: BillingSnapshot, fault: Fault): void {
    const buttons = buttonsOf(view);
    if (state === 'unknown') return;
    if (mayManage ? buttons.length === 0 : buttons.length > 0) fault(`buttons: ${buttons.join(', ') || 'none'}`);
    if (!mayManage && !/Ask an owner or admin/.test(wordsOf(view).join(' '))) fault('names no one to ask');
    if (buttons.includes('')) fault('a button without a word');
  }

  #asStripeSays(view: BillingView, snapshot: BillingSnapshot, { at, page }: Money, fault: Fault): void {
    const { banner, plan, rows, subscriptions: lines } = view;
    const subscriptions = snapshot.subscriptions.map(({ key }) => key);
    const [headline = ''] = subscriptions;
    const due = (keys: readonly string[]) => sum(keys.flatMap((key) => at.open.get(key) ?? []));
    for (const action of [...(banner?.actions ?? []), ...view.actions]) {
      if (action.action.via !== 'invoice') continue;
      const [amount] = amountsIn(action.label);
      if (page === null) fault(`“${action.label}” opens no page`);
      if (amount !== undefined || action.action.purpose === 'payNow')
        this.compare('button', amount ?? null, page?.asks, fault);
    }
    for (const sentence of banner?.text.split(/(?<=[.)]) (?=[A-Z])/) ?? []) {
      const [amount] = amountsIn(sentence);
      if (amount === undefined) continue;
      const ofPage = /^(Your bank asks|Pay )/.test(sentence);
      const owed = due(/ was declined for |^We couldn’t charge/.test(sentence) ? [headline] : [...at.open.keys()]);
      this.compare('banner', amount, ofPage ? page?.asks : owed, fault);
    }
    for (const [index, each] of [plan, ...lines].entries()) {
      const key = index === 0 ? headline : (subscriptions[index - 1] ?? '');
      const owes = each.lines.find((line) => line.endsWith(' is due.'));
      if (owes !== undefined) this.compare('line', amountsIn(owes)[0] ?? null, due([key]), fault);
      const [price] = amountsIn(each.price?.before || each.price?.amount || '');
      if (price !== undefined && at.prices.has(key)) this.compare('price', price, at.prices.get(key), fault);
    }
    const last = rows.find(({ label }) => label === 'Last invoice');
    if (last) this.compare('last invoice', amountsIn(last.text)[0] ?? null, at.last.get(headline), fault);
  }

  /** Each shape of a card once in each language: as many texts as in English, and none with a hole. */
  #speaksEveryLanguage(shape: string, { snapshot, now }: Opened, view: BillingView, fault: Fault): void {
    if (this.#translated.has(shape)) return;
    this.#translated.add(shape);
    for (const { language, localizer } of others) {
      const told = present({ ...nothingKnown, snapshot, confirmedAt: now }, localizer, now);
      const texts = [...wordsOf(told), ...buttonsOf(told)];
      if (texts.length !== wordsOf(view).length + buttonsOf(view).length)
        fault(`${language} says ${texts.length} things: ${texts.join(' / ')}`);
      if (holes.test(texts.join(' '))) fault(`${language} has a hole: ${texts.join(' / ')}`);
    }
  }

  toString(): string {
    const rank = (key: string) => states.indexOf(key.split(' ')[0] as BillingState);
    const rows = [...this.#rows].toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
    const lines = rows.map(([key, { cards, amounts, example }]) => {
      const [state = '', role = '', access = '', ways = ''] = key.split(' | ');
      const head = `${state.padEnd(15)}${role.padEnd(8)} ${access.padEnd(8)} ${String(cards).padStart(5)} cards, ${String(amounts).padStart(5)} amounts`;
      return `  ${head}  [${ways}]  ${example}\n`;
    });
    return lines.join('');
  }
}

type Fault = (what: string) => void;
type Money = { readonly at: MoneyAtStripe; readonly page: InvoicePage | null };

const sum = (amounts: readonly number[]) => amounts.reduce((total, each) => total + each, 0);

export const buttonsOf = ({ phase, banner, actions, offers }: BillingView): string[] =>
  (phase === 'loading' ? [] : [...(banner?.actions ?? []), ...actions, ...offers.map(({ action }) => action)]).map(
    ({ label }) => label,
  );

/** Each text that a card prints, but for its buttons. */
export function wordsOf({ phase, banner, notice, plan, rows, subscriptions, hint }: BillingView): string[] {
  if (phase === 'loading') return ['(loading)'];
  const plans = [plan, ...subscriptions].flatMap(({ name, price, status, lines }) => [
    name,
    ...(price ? [price.before, price.amount, price.per, price.notes] : []),
    status?.label,
    ...lines,
  ]);
  const told = [banner?.title, banner?.text, notice?.title, notice?.text, ...plans];
  return [...told, ...rows.map(({ label, text }) => `${label}: ${text}`), hint].filter((text) => text) as string[];
}
