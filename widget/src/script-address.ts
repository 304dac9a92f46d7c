/**
 * Where the script tag says to ask. A module of its own, because it must have run before the elements are defined: an
 * element connects in the moment it is defined, and its token is on the way in that moment.
 */
import { ofDocument, urlOf } from './page/addresses.ts';
import { registry, setOptions } from './page/config.ts';

// Only a module knows where it came from; `document.currentScript` is null in one.
const here = import.meta.url;
const folder = new URL('.', here);
// The first one, and as far as markup may say it: a user's content may have such a tag too.
const tag = [...ofDocument('scripts')].find(({ src }) => src === here);
const { api, account, tokenUrl } = tag?.dataset ?? {};
const named = api === undefined ? null : urlOf(api);
const base = (named?.origin === folder.origin ? named : folder).href;

registry.allowed.add(base);
// Options that the host set before this script arrived stand.
setOptions({ api: base, ...(account && { account }), ...(tokenUrl && { tokenUrl }), ...registry.options });
