/**
 * The options that all copies of the script on a page share. They hang on a registered symbol, so that an npm copy and a
 * script-tag copy find each other: `configureBillhook` from the one reaches elements of the other, and neither asks the BFF
 * twice.
 */
import type { Words } from '../i18n/localizer.ts';

export interface TokenRequest {
  /** The element's `account` attribute. */
  readonly account: string | null;
  readonly signal: AbortSignal;
}

/** How an address is followed. */
export type Navigate = (url: string) => void;

/** The host's way to a token; `null` means signed out. */
export type GetToken = (request: TokenRequest) => Promise<string | null> | string | null;

export interface BillhookOptions {
  /** The host's way to a widget token, where an address (`token-url`) is not enough. */
  readonly getToken?: GetToken;
  /** The host's own words, in place of ours. Where `lang` is a language without a locale file, those not given are English. */
  readonly words?: Partial<Words>;
  /** The language to speak, a BCP 47 tag. Default: the page's `lang`, followed when it changes. */
  readonly lang?: string;
  /** Further languages, or better words for ours: by tag, the words themselves or where they are fetched as JSON. */
  readonly locales?: Readonly<Record<string, string | Partial<Words>>>;
  /** How an address is followed. Default: `location.assign`. For app shells with a browser of their own. */
  readonly navigate?: Navigate;
  /** Where the BFF is, for elements without an `api` attribute. Attributes may name every one that was given here. */
  readonly api?: string;
  /** For elements without a `token-url` attribute. On another origin than the page's it must be given here. */
  readonly tokenUrl?: string;
  /** For elements without an `account` attribute. */
  readonly account?: string;
}

interface Registry {
  options: BillhookOptions;
  /** The elements are ours already. */
  defined: boolean;
  /** Addresses of BFFs and for tokens that the host's code has given, and not its markup. */
  readonly allowed: Set<string>;
  /** `forget`: the person is another one, or none. */
  readonly listeners: Set<(forget?: boolean) => void>;
}

/** Options that are not strings. */
const optionTypes: { readonly [name in keyof BillhookOptions]?: string } = {
  getToken: 'function',
  navigate: 'function',
  words: 'object',
  locales: 'object',
};

const page = globalThis as { [name: symbol]: Registry | undefined };
const name = Symbol.for('billhook');

export const registry: Registry = (page[name] ??= {
  options: {},
  defined: false,
  allowed: new Set(),
  listeners: new Set(),
});

/**
 * Sets options that are no attributes, for all elements of the page. May be called before or after they are
 * defined; each call adds to the ones before.
 *
 * ```js
 * configureBillhook({ getToken: async () => (await api.post('/billing/token')).token });
 * ```
 *
 * @throws TypeError when options have a wrong type; all of them are named at once
 */
export function configureBillhook(options: BillhookOptions): void {
  const wrong = Object.entries(options).flatMap(([name, value]) => {
    const type = optionTypes[name as keyof BillhookOptions] ?? 'string';
    return typeof value === type ? [] : `${name} must be a ${type}`;
  });
  if (wrong.length) throw new TypeError(wrong.join('; '));
  for (const address of [options.api, options.tokenUrl]) if (address !== undefined) registry.allowed.add(address);
  setOptions({ ...registry.options, ...options });
}

export function setOptions(options: BillhookOptions): void {
  registry.options = options;
  for (const listener of registry.listeners) listener();
}
