/**
 * `<billhook-widget>` in Svelte 5 components:
 *
 * ```svelte
 * <script lang="ts">
 *   import '@billhook/widget/svelte';
 * </script>
 *
 * <billhook-widget token-url="/billing/token" account={team} onbillhook-change={({ snapshot }) => …}></billhook-widget>
 * ```
 */
import type { HTMLAttributes } from 'svelte/elements';
import type { BillhookAttributes, BillhookElements, BillhookListeners } from './markup.ts';

type InSvelte = {
  [name in keyof BillhookElements]: HTMLAttributes<BillhookElements[name]> & BillhookAttributes & BillhookListeners;
};

declare module 'svelte/elements' {
  interface SvelteHTMLElements extends InSvelte {}
}
