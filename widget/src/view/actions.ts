/** Pure: the ways out, each as a button or a link. */
import type { Action } from '../contract.ts';
import { checkedAddress } from '../client/address.ts';
import type { ClientState } from '../client/client-state.ts';
import type { Told } from './told.ts';

export interface ActionView {
  readonly action: Action;
  readonly label: string;
  /** For a link of the host; everything else is opened by the BFF. */
  readonly href: string | null;
  readonly opening: boolean;
  /** This one or another is being opened: clicks are ignored. */
  readonly disabled: boolean;
}

/** @returns none for a way out that this widget does not know, or an address that is not followed: no button is better than one that fails */
export function viewsOf(action: Action, state: ClientState, { term, snapshot: { payment } }: Told): ActionView[] {
  // The page asks for one invoice, and the button for the same. An older server did not tell which.
  const { due, otherCurrencies, payNow = otherCurrencies ? null : due } = payment;
  const label =
    (action.purpose === 'payNow' && term('payAmount', { amount: payNow })) ||
    term(`action.${action.purpose}`) ||
    term('action.manage');
  try {
    return /^(portal|checkout|invoice|link)$/.test(action.via) ? [actionView(action, label, state)] : [];
  } catch {
    return [];
  }
}

export function actionView(action: Action, label: string, { opening }: ClientState): ActionView {
  return {
    action,
    label,
    href: action.via === 'link' ? checkedAddress(action.url) : null,
    opening: JSON.stringify(opening) === JSON.stringify(action),
    disabled: opening !== null,
  };
}
