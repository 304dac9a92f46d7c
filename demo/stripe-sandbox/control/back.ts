import type { Context } from 'hono';

/** Back to the control room's page, which says what was done. */
export const back = (c: Context, did: string, part: string): Response => c.redirect(`/sandbox?did=${did}#${part}`, 303);
