/** The one thing that a host's backend does for Billhook: sign the identity of the person who is signed in. */

import { mintWidgetToken } from '@billhook/server';
import { Hono, type Context } from 'hono';
import type { Session } from './sessions.ts';

export interface TokenIssuing {
  /** Shared with the BFF. At least 32 bytes. */
  readonly secret: string;
  /** The host's id at the BFF. */
  readonly issuer: string;
  /** The BFF's public address. */
  readonly audience: string;
}

/**
 * `GET /billing/token` → `{ token }`, or 401 when signed out, which the widget takes for "signed out". An
 * owner's token may manage the billing, a member's may only look. `?workspace=` names one of the person's workspaces;
 * any other is a 403. Default: the one that pages show.
 */
export function billingTokenRoute(issuing: TokenIssuing, sessionOf: (c: Context) => Session | null) {
  return new Hono().get('/', async (c) => {
    // One person's token must never be another's answer, from any cache.
    c.header('Cache-Control', 'no-store');
    const session = sessionOf(c);
    if (!session) return c.json({ error: 'nobody is signed in' }, 401);

    const { accounts, role } = session;
    const workspace = c.req.query('workspace') ?? session.account.id;
    // Asked for by the page, decided here: a made-up address must not open another's billing.
    const account = accounts.find(({ id }) => id === workspace);
    if (!account) return c.json({ error: 'not a workspace of yours' }, 403);

    const token = await mintWidgetToken({
      ...issuing,
      account: account.id,
      scope: role === 'owner' ? ['billing:read', 'billing:manage'] : ['billing:read'],
      ...(account.customer === null ? {} : { customer: account.customer }),
    });
    return c.json({ token });
  });
}
