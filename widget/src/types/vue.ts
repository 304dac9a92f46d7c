/**
 * `<billhook-widget>` in Vue templates:
 *
 * ```vue
 * <script setup lang="ts">
 * import '@billhook/widget/vue';
 * </script>
 *
 * <template>
 *   <billhook-widget token-url="/billing/token" :account="team" @billhook-change="({ snapshot }) => …" />
 * </template>
 * ```
 *
 * Vue's compiler must know that these are elements: `isCustomElement: (tag) => tag.startsWith('billhook-')`.
 */
import type { HTMLAttributes, PublicProps } from 'vue';
import type { BillhookAttributes, BillhookElements, BillhookEvents } from './markup.ts';

/** `token-url` → `tokenUrl`: Vue's checker reads attributes and listeners by these names, however the template spells them. */
type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

/** `slot` is HTML's; Vue leaves it out of its own elements' attributes. */
type Props = { [name in keyof BillhookAttributes as Camel<name>]: BillhookAttributes[name] } & {
  slot?: string | undefined;
};
type Listeners = {
  [name in keyof BillhookEvents as Camel<`on-${name}`>]?: ((event: BillhookEvents[name]) => void) | undefined;
};

type InVue = {
  [name in keyof BillhookElements]: new () => BillhookElements[name] & {
    $props: HTMLAttributes & PublicProps & Props & Listeners;
  };
};

declare module 'vue' {
  interface GlobalComponents extends InVue {}
}
