/** Uses that the elements' types must refuse: templates have no `@ts-expect-error`. Compiled with the page, never run. */
import '@billhook/widget/svelte';
import type { SvelteHTMLElements } from 'svelte/elements';

type Of<Tag extends keyof SvelteHTMLElements> = SvelteHTMLElements[Tag];

// @ts-expect-error -- no such attribute
export const misspelt: Of<'billhook-widget'> = { tokenurl: '/billing/token' };
// @ts-expect-error -- no such theme
export const blue: Of<'billhook-plan-status'> = { theme: 'blue' };
// @ts-expect-error -- an account is a string
export const numbered: Of<'billhook-manage-button'> = { account: 7 };
// @ts-expect-error -- a snapshot has no such field
export const foreign: Of<'billhook-widget'> = { 'onbillhook-change': ({ snapshot }) => snapshot.customer };
