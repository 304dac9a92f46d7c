/** The changes of `changes.ts` in a support engineer's words. */

import type { Change, Money } from '@billhook/widget/contract';

/** @example changeText({ kind: 'plan', from: 'Starter', to: 'Team' }); // 'plan Starter → Team' */
export function changeText(change: Change): string {
  switch (change.kind) {
    case 'plan':
      return `plan ${planText(change.from)} → ${planText(change.to)}`;
    case 'price':
      return `price ${moneyText(change.from)} → ${moneyText(change.to)}`;
    case 'quantity':
      return `quantity ${change.from} → ${change.to}`;
    case 'started':
      return `started ${planText(change.plan)}`;
    case 'ends':
      return `ends ${dayText(change.at)}`;
    case 'keeps':
      return 'keeps the plan after all';
    case 'ended':
      return 'ended';
    case 'paused':
      return 'paused';
    case 'resumed':
      return 'resumed';
    case 'scheduled':
      return `${planText(change.plan)} from ${dayText(change.at)} on`;
    case 'paid':
      return `paid ${moneyText(change.paid)}`;
    case 'charged':
      return `charged ${moneyText(change.paid)} at once`;
    case 'paymentFailed':
      return 'payment failed';
    case 'paymentMethod':
      return 'payment method replaced';
    case 'billingDetails':
      return 'billing details changed';
  }
}

const planText = (name: string | null): string => name ?? 'a plan without a name';
const dayText = (iso: string | null): string => iso?.slice(0, 10) ?? 'at a time that is not known';

/** Stripe's own table, which is not ISO's: https://docs.stripe.com/currencies#zero-decimal */
const withoutDecimals = /^(?:bif|clp|djf|gnf|jpy|kmf|krw|mga|pyg|rwf|vnd|vuv|xaf|xof|xpf)$/;
const withThree = /^(?:bhd|jod|kwd|omr|tnd)$/;

function moneyText(money: Money | null): string {
  if (money === null) return 'no fixed price';
  const { amount, currency } = money;
  const decimals = withoutDecimals.test(currency) ? 0 : withThree.test(currency) ? 3 : 2;
  return `${currency.toUpperCase()} ${(amount / 10 ** decimals).toFixed(decimals)}`;
}
