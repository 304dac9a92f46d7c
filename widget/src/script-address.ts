/**
 * Where the script tag says to ask. A module of its own, because it must have run before the elements are defined: an
 * element connects in the moment it is defined, and its token is on the way in that moment.
 */
import { configureBillhook, registry } from './page/config.ts';

// Only a module knows where it came from; `document.currentScript` is null in one.
const here = import.meta.url;
const tag = [...document.querySelectorAll<HTMLScriptElement>('script[type=module][src]')].find(
  ({ src }) => src === here,
);

// `data-token-url`, `data-account`, `data-api`; options that the host set before this script arrived stand.
configureBillhook({ api: new URL('.', here).href, ...tag?.dataset, ...registry.options });
