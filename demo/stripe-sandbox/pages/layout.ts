/** The base of every hosted page: the frame, the headers, the words for money and time. */

import type { Context } from 'hono';
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface Frame {
  readonly title: string;
  readonly business: string;
  /** Under the business's name. */
  readonly tagline: string;
  /** Where the link back leads; none on pages without a session. */
  readonly returnUrl: string | null;
  /** The words of the link back. Default: "Return to" the business. */
  readonly returnWords?: string;
  /** Links to the parts of a long page. */
  readonly parts?: { href: string; words: string }[];
  /** Said at the top: the last action's result, or its error. */
  readonly notice?: Notice | null;
}

export interface Notice {
  readonly kind: 'done' | 'problem';
  words: string;
}

/** Sends a page. These addresses are keys to a customer's billing: never framed, cached, indexed or told to other sites. */
export async function send(c: Context, page: Html, status: 200 | 402 | 404 | 410 = 200): Promise<Response> {
  c.header('cache-control', 'no-store');
  c.header(
    'content-security-policy',
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
  );
  c.header('referrer-policy', 'no-referrer');
  c.header('x-content-type-options', 'nosniff');
  c.header('x-frame-options', 'DENY');
  c.header('x-robots-tag', 'noindex');
  return c.html(await page, status);
}

/** The two columns: the business, and the page's content. */
export function frame(frameOf: Frame, content: Html): Html {
  return html`<!doctype html>
    <html lang="en" dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${frameOf.title} · ${frameOf.business}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/hosted.css" />
      </head>
      <body>
        <div class="page">
          <header class="side">
            <div class="side-inner">
              <div class="brand">
                <span class="monogram" aria-hidden="true">${frameOf.business.charAt(0)}</span>
                <span class="business">${frameOf.business}</span>
              </div>
              <p class="tagline">${frameOf.tagline}</p>
              ${
                frameOf.returnUrl === null
                  ? ''
                  : html`<a class="back" href="${frameOf.returnUrl}"
                      ><span class="arrow" aria-hidden="true">←</span>
                      ${frameOf.returnWords ?? `Return to ${frameOf.business}`}</a
                    >`
              }
              ${
                frameOf.parts
                  ? html`<nav class="parts" aria-label="On this page">
                      ${frameOf.parts.map(({ href, words }) => html`<a href="${href}">${words}</a>`)}
                    </nav>`
                  : ''
              }
              <p class="sandbox"><span class="dot" aria-hidden="true"></span>Sandbox – no real money</p>
            </div>
          </header>
          <main class="main" id="main">${noticeOf(frameOf.notice)}${content}</main>
        </div>
      </body>
    </html>`;
}

const noticeOf = (notice: Notice | null | undefined): Html =>
  notice
    ? html`<p class="notice ${notice.kind}" role="${notice.kind === 'done' ? 'status' : 'alert'}">
        <span class="sign" aria-hidden="true">${notice.kind === 'done' ? '✓' : '!'}</span><span>${notice.words}</span>
      </p>`
    : html``;

const brandNames: Record<string, string> = { visa: 'Visa', mastercard: 'Mastercard', amex: 'Amex' };

/** @example brandName('visa'); // 'Visa' */
export const brandName = (brand: string | undefined): string => brandNames[brand ?? ''] ?? 'Card';
