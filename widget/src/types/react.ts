/**
 * `<billhook-widget>` in TSX, for React 19:
 *
 * ```tsx
 * import '@billhook/widget/react';
 *
 * <billhook-widget token-url="/billing/token" account={team} onbillhook-change={({ snapshot }) => …} />
 * ```
 *
 * Where React hydrates a server's markup it adds no listeners of elements' own events (react/react#35446): add them
 * in a `ref`.
 */
import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { BillhookAttributes, BillhookElements, BillhookListeners } from './markup.ts';

type InReact = {
  [name in keyof BillhookElements]: DetailedHTMLProps<HTMLAttributes<BillhookElements[name]>, BillhookElements[name]> &
    BillhookAttributes &
    BillhookListeners;
};

declare module 'react' {
  // oxlint-disable-next-line typescript/no-namespace -- React's own, to be added to
  namespace JSX {
    interface IntrinsicElements extends InReact {}
  }
}
