import type { Action, BillingSnapshot } from '../contract.ts';
import type { BillhookError } from './errors.ts';

/** Reaches listeners outside of the shadow root and above the element. */
class BillhookEvent extends Event {
  constructor(type: string, detail: object, cancelable = false) {
    super(type, { bubbles: true, composed: true, cancelable });
    Object.assign(this, detail);
  }
}

/** The billing that the element shows has changed; also fired for the first snapshot, with `previous: null`. */
export class BillhookChangeEvent extends BillhookEvent {
  declare readonly snapshot: BillingSnapshot;
  declare readonly previous: BillingSnapshot | null;

  constructor(snapshot: BillingSnapshot, previous: BillingSnapshot | null) {
    super('billhook-change', { snapshot, previous });
  }
}

/** A person pressed an action. `preventDefault()` hands it to the host, and the widget does nothing. */
export class BillhookActionEvent extends BillhookEvent {
  declare readonly action: Action;

  constructor(action: Action) {
    super('billhook-action', { action }, true);
  }
}

/** Something failed and the widget shows it in words. `code` is stable; see `WidgetErrorCode`. */
export class BillhookErrorEvent extends BillhookEvent {
  declare readonly error: BillhookError;
  declare readonly code: BillhookError['code'];
  /** The HTTP status, or 0 where there was no answer. */
  declare readonly status: number;

  constructor(error: BillhookError) {
    super('billhook-error', { error, code: error.code, status: error.status });
  }
}

declare global {
  interface HTMLElementEventMap {
    readonly 'billhook-change': BillhookChangeEvent;
    readonly 'billhook-action': BillhookActionEvent;
    readonly 'billhook-error': BillhookErrorEvent;
  }
}
