/**
 * Addresses that a page names. Markup is no authority: what a user may write into a page (elements, `<base>`, names that
 * shadow the document's own properties) must neither send a token elsewhere nor switch the elements off.
 */
import { registry } from './config.ts';

/** A property of the document itself: `<img name="baseURI">` would stand in its place. */
export const ofDocument = <Name extends keyof Document>(name: Name): Document[Name] =>
  Reflect.get(Document.prototype, name, document) as Document[Name];

/** An address as this page means it. A `<base>` of another origin is none of the host's. */
export function urlOf(address: string): URL | null {
  try {
    const base = ofDocument('baseURI');
    return new URL(address, new URL(base).origin === origin ? base : location.href);
  } catch {
    return null;
  }
}

/** `https://billing.example` and `/billing` → the folder that `v1/` is in; `null` where the address is none. */
export const folderOf = (api: string | null | undefined): string | null =>
  (api && urlOf(api.replace(/\/?$/, '/'))?.href) || null;

/** Whether an attribute may name this BFF: the script came from there, or `configureBillhook` was given it. */
export const isAllowedApi = (base: string | null): boolean =>
  [...registry.allowed].some((address) => folderOf(address) === base);

/** Whether an attribute may name this address for tokens: on the page's origin, or on one that `configureBillhook` was given. */
export const isAllowedTokenUrl = ({ origin: theirs }: URL): boolean =>
  theirs === origin || [...registry.allowed].some((address) => urlOf(address)?.origin === theirs);
