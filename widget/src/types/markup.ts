/** The attributes and events of the elements, for every framework's types beside this file. Importing them does nothing. */

import type { BillhookManageButton } from '../elements/billhook-manage-button.ts';
import type { BillhookPastDueBanner } from '../elements/billhook-past-due-banner.ts';
import type { BillhookPlanStatus } from '../elements/billhook-plan-status.ts';
import type { BillhookWidget } from '../elements/billhook-widget.ts';
import type { BillhookActionEvent, BillhookChangeEvent, BillhookErrorEvent } from '../page/events.ts';

export interface BillhookElements {
  'billhook-widget': BillhookWidget;
  'billhook-plan-status': BillhookPlanStatus;
  'billhook-past-due-banner': BillhookPastDueBanner;
  'billhook-manage-button': BillhookManageButton;
}

/**
 * The attributes that all four take, as they are written in HTML. Attributes and not properties: they mean the same
 * before the script has arrived, and in markup that a server rendered.
 */
export interface BillhookAttributes {
  /** Where the BFF is. Default: where the script came from. */
  api?: string | undefined;
  /** The host's id of the paying account; change it when another workspace is chosen. */
  account?: string | undefined;
  /** The host's address that answers `{ "token": … }`; where an address is not enough, `configureBillhook({ getToken })`. */
  'token-url'?: string | undefined;
  /** `include` sends cookies to a `token-url` on another origin. Default: `same-origin`. */
  'token-credentials'?: 'same-origin' | 'include' | undefined;
  /** Default: the page's own `color-scheme`. */
  theme?: 'light' | 'dark' | 'auto' | undefined;
  /** `_blank` opens Stripe's pages in a new tab. Default: this one. */
  target?: '_self' | '_blank' | undefined;
}

/** The events of all four, by name. */
export interface BillhookEvents {
  'billhook-change': BillhookChangeEvent;
  'billhook-action': BillhookActionEvent;
  'billhook-error': BillhookErrorEvent;
}

/** `onbillhook-change={…}`: listeners as React and Svelte write them. */
export type BillhookListeners = {
  [name in keyof BillhookEvents as `on${name}`]?: ((event: BillhookEvents[name]) => void) | null | undefined;
};
