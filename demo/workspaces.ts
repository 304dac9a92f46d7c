/** The workspaces of the demo's host: the seeded customers' workspaces, and one that has never bought anything. */

import type { Account, AccountGroup } from './host/accounts.ts';
import type { SeededCustomers } from './stripe-sandbox/index.ts';

interface Workspace extends Pick<Account, 'id' | 'workspace' | 'alsoIn'> {
  readonly seeded: keyof SeededCustomers | null;
  readonly en: string;
  readonly ar: string;
}

/** In the order of the sign-in page. */
const workspaces: Readonly<Record<AccountGroup, readonly Workspace[]>> = {
  paying: [
    {
      id: 'alder-works',
      workspace: 'Alder Works',
      seeded: 'active',
      // One person in two workspaces, to change between without a reload: one in good order, one in trouble.
      alsoIn: 'harbour-studio',
      en: 'Team plan, paid',
      ar: 'خطة Team، مدفوعة',
    },
    {
      id: 'sakura-atelier',
      workspace: 'Sakura Atelier',
      seeded: 'yen',
      en: 'Team plan, paid in yen',
      ar: 'خطة Team، مدفوعة بالين',
    },
    {
      id: 'granite-peak',
      workspace: 'Granite Peak',
      seeded: 'yearly',
      en: 'Business plan, paid by the year',
      ar: 'خطة Business، مدفوعة سنويًا',
    },
    {
      id: 'lighthouse-books',
      workspace: 'Lighthouse Books',
      seeded: 'discounted',
      en: 'Team plan with a coupon',
      ar: 'خطة Team مع قسيمة خصم',
    },
    {
      id: 'stonebridge-surveyors',
      workspace: 'Stonebridge Surveyors',
      seeded: 'taxed',
      en: 'Team plan, plus tax',
      ar: 'خطة Team، مع ضريبة مضافة',
    },
    {
      id: 'copper-kettle',
      workspace: 'Copper Kettle',
      seeded: 'expiring',
      en: 'The card expires before the next payment',
      ar: 'تنتهي البطاقة قبل الدفعة التالية',
    },
    {
      id: 'juniper-labs',
      workspace: 'Juniper Labs',
      seeded: 'downgrading',
      en: 'Team plan, soon Starter',
      ar: 'خطة Team، وقريبًا Starter',
    },
    {
      id: 'northgate-logistics',
      workspace: 'Northgate Logistics',
      seeded: 'processing',
      en: 'A bank debit is on its way',
      ar: 'خصم مصرفي قيد التنفيذ',
    },
  ],
  attention: [
    {
      id: 'harbour-studio',
      workspace: 'Harbour Studio',
      seeded: 'pastDue',
      alsoIn: 'alder-works',
      en: 'The last payment failed',
      ar: 'فشل آخر دفع',
    },
    {
      id: 'mill-lane-clinic',
      workspace: 'Mill Lane Clinic',
      seeded: 'actionRequired',
      en: 'The bank asks for confirmation',
      ar: 'البنك يطلب التأكيد',
    },
    {
      id: 'old-pier-tours',
      workspace: 'Old Pier Tours',
      seeded: 'restricted',
      en: 'Past due for ten days, read-only',
      ar: 'متأخرة منذ عشرة أيام، للقراءة فقط',
    },
    {
      id: 'tin-roof-records',
      workspace: 'Tin Roof Records',
      seeded: 'unpaid',
      en: 'Unpaid, no more attempts',
      ar: 'غير مدفوعة، انتهت المحاولات',
    },
    {
      id: 'sparrow-films',
      workspace: 'Sparrow Films',
      seeded: 'incomplete',
      en: 'The first payment is not finished',
      ar: 'لم يكتمل الدفع الأول',
    },
    {
      id: 'twin-oaks-group',
      workspace: 'Twin Oaks Group',
      seeded: 'several',
      en: 'Two plans, one of them past due',
      ar: 'خطتان، إحداهما متأخرة السداد',
    },
  ],
  turning: [
    {
      id: 'fern-and-field',
      workspace: 'Fern & Field',
      seeded: null,
      en: 'Free, never bought anything',
      ar: 'مجانية، لم تشترِ شيئًا',
    },
    {
      id: 'orchard-row',
      workspace: 'Orchard Row',
      seeded: 'trialing',
      en: 'On trial, card on file',
      ar: 'فترة تجريبية، مع بطاقة محفوظة',
    },
    {
      id: 'paper-lantern',
      workspace: 'Paper Lantern',
      seeded: 'trialingWithoutCard',
      en: 'On trial, no card yet',
      ar: 'فترة تجريبية، دون بطاقة بعد',
    },
    {
      id: 'kite-and-co',
      workspace: 'Kite & Co',
      seeded: 'paused',
      en: 'Team plan, paused',
      ar: 'خطة Team، متوقفة مؤقتًا',
    },
    {
      id: 'blue-door-bakery',
      workspace: 'Blue Door Bakery',
      seeded: 'ending',
      en: 'Canceled, ends with this period',
      ar: 'أُلغيت، وتنتهي بنهاية الفترة',
    },
    {
      id: 'elm-street-press',
      workspace: 'Elm Street Press',
      seeded: 'ended',
      en: 'Its plan has ended',
      ar: 'انتهت خطتها',
    },
  ],
};

const all = Object.entries(workspaces).flatMap(([group, those]) =>
  those.map((workspace) => ({ ...workspace, group: group as AccountGroup })),
);

/** The workspaces with the sandbox's customers behind them. */
export function seededAccounts(customers: SeededCustomers): Account[] {
  return all.map(({ id, workspace, alsoIn = null, seeded, group, en, ar }) => ({
    id,
    workspace,
    alsoIn,
    situation: { group, en, ar },
    customer: seeded === null ? null : customers[seeded],
  }));
}

/**
 * The workspaces on a real Stripe account, whose purchases are not known here.
 *
 * @param customers - Stripe customers by workspace id. Others begin with none.
 */
export function unknownAccounts(customers: Readonly<Record<string, string>>): Account[] {
  return all.map(({ id, workspace, alsoIn = null }) => ({
    id,
    workspace,
    alsoIn,
    situation: null,
    customer: customers[id] ?? null,
  }));
}

/** The variable that introduces a customer for a workspace: `DEMO_CUSTOMER_HARBOUR_STUDIO=cus_…`. */
export const customerVariable = (id: string): string => `DEMO_CUSTOMER_${id.toUpperCase().replaceAll('-', '_')}`;

export const workspaceIds: readonly string[] = all.map(({ id }) => id);
