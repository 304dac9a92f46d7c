import type { Action, BillingSnapshot } from './contract.ts';
import type { BillhookError } from './errors.ts';

const everywhere = { bubbles: true, composed: true };

/** The billing that the element shows has changed; also fired for the first snapshot, with `previous: null`. */
export class BillhookChangeEvent extends Event {
  readonly snapshot: BillingSnapshot;
  readonly previous: BillingSnapshot | null;

  constructor(snapshot: BillingSnapshot, previous: BillingSnapshot | null) {
    super('billhook-change', everywhere);
    this.snapshot = snapshot;
    this.previous = previous;
  }
}

/** A person pressed an action. `preventDefault()` hands it to the host, and the widget does nothing. */
export class BillhookActionEvent extends Event {
  readonly action: Action;

  constructor(action: Action) {
    super('billhook-action', { ...everywhere, cancelable: true });
    this.action = action;
  }
}

/** Something failed and the widget shows it in words. `code` is stable; see `WidgetErrorCode`. */
export class BillhookErrorEvent extends Event {
  readonly code: BillhookError['code'];
  readonly status: number;
  readonly error: BillhookError;

  constructor(error: BillhookError) {
    super('billhook-error', everywhere);
    this.error = error;
    this.code = error.code;
    this.status = error.status;
  }
}

declare global {
  interface HTMLElementEventMap {
    'billhook-change': BillhookChangeEvent;
    'billhook-action': BillhookActionEvent;
    'billhook-error': BillhookErrorEvent;
  }
}
