/**
 * `<billhook-widget>` in TSX, for Solid:
 *
 * ```tsx
 * import '@billhook/widget/solid';
 *
 * <billhook-widget token-url="/billing/token" account={team()} on:billhook-change={({ snapshot }) => …} />
 * ```
 */
import type { JSX } from 'solid-js';
import type { BillhookAttributes, BillhookElements, BillhookEvents } from './markup.ts';

type Listeners<E> = {
  [name in keyof BillhookEvents as `on:${name}`]?:
    | JSX.EventHandlerWithOptionsUnion<E, BillhookEvents[name]>
    | undefined;
};

type InSolid = {
  [name in keyof BillhookElements]: JSX.HTMLAttributes<BillhookElements[name]> &
    BillhookAttributes &
    Listeners<BillhookElements[name]>;
};

declare module 'solid-js' {
  // oxlint-disable-next-line typescript/no-namespace -- Solid's own, to be added to
  namespace JSX {
    interface IntrinsicElements extends InSolid {}
  }
}
