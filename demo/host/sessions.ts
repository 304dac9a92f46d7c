/** Sign-in sessions of the host: a random id in a cookie, the rest in memory. A restart ends all of them. */

import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Account } from './accounts.ts';

/** An owner may manage the workspace's billing, a member may only look. */
export type Role = 'owner' | 'member';

export interface Session {
  /** The workspace that pages show. */
  account: Account;
  /** All that the person belongs to. */
  readonly accounts: readonly Account[];
  readonly role: Role;
  /** The page's language and direction, once they were chosen by `?lang=` or `?dir=`. */
  lang: string | undefined;
  dir: 'ltr' | 'rtl' | undefined;
}

/** Cookies of localhost are shared by all its ports, so the name carries the port. */
const cookie = 'host_session';

/** More people than ever try one demo; the oldest session gives way. */
const limit = 1000;

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #secure: boolean;

  /** @param secure - whether the host is reached by https. */
  constructor(secure: boolean) {
    this.#secure = secure;
  }

  of(c: Context): Session | null {
    return this.#sessions.get(getCookie(c, cookie) ?? '') ?? null;
  }

  /** Always a new id: one that was known before the sign-in must be worth nothing after it. */
  begin(c: Context, session: Session): void {
    this.#sessions.delete(getCookie(c, cookie) ?? '');
    const oldest = this.#sessions.size >= limit ? this.#sessions.keys().next().value : undefined;
    if (oldest !== undefined) this.#sessions.delete(oldest);
    const id = randomBytes(24).toString('base64url');
    this.#sessions.set(id, session);
    setCookie(c, cookie, id, { path: '/', httpOnly: true, sameSite: 'Lax', secure: this.#secure });
  }

  end(c: Context): void {
    this.#sessions.delete(getCookie(c, cookie) ?? '');
    deleteCookie(c, cookie, { path: '/', secure: this.#secure });
  }
}
