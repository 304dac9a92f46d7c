import { chooseLocale } from '../i18n/match-locale.ts';
import { LocaleReader } from '../i18n/locale-files.ts';
import { ofDocument } from '../page/addresses.ts';
import { registry } from '../page/config.ts';
import { createLocalizer, type Localizer } from '../i18n/localizer.ts';
import type { ElementController, BaseElement } from './base-element.ts';

/** Which language an element speaks: the page's around it, followed when it changes, as soon as its words are there. */
export class LocalizeController implements ElementController {
  readonly #host: BaseElement;
  readonly #again = (): void => this.#host.requestUpdate();
  readonly #page = new MutationObserver(this.#again);
  readonly #file = new LocaleReader(this.#again);
  /** English words that are not in the script, for every language that lacks them. */
  readonly #english = new LocaleReader(this.#again);
  #localizer: Localizer | undefined;
  /** Those of the localizer. */
  #used: LocaleReader['words'];
  /** The page's language, also where it is spoken to in another. */
  asked: string | undefined;

  constructor(host: BaseElement) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    this.#page.observe(document, { subtree: true, attributeFilter: ['lang'] });
  }

  hostDisconnected(): void {
    this.#page.disconnect();
    this.#file.open('', 0);
    this.#english.open('', 0);
  }

  /** Nothing can be said yet, and nothing was said in another language. */
  get ready(): boolean {
    return this.#localizer !== undefined;
  }

  /** A word that was wanted is on its way: what is shown stays until it can be said. */
  get waits(): boolean {
    return this.#english.waits || this.#english.words !== this.#used;
  }

  /**
   * While the words of a new language are on their way, the former one stays; at first it is the new one without its
   * words, for the size of the text to come. Where they cannot be had, it is English.
   *
   * @param api - where the BFF is, with its locale files; `null` where that is not known
   * @param attempt - as of `LocaleReader.open`
   */
  localizer(api: string | null, attempt: number): Localizer {
    const { words, lang, locales = {} } = registry.options;
    const around = this.#host.closest<HTMLElement>('[lang]') ?? ofDocument('documentElement');
    const choice = chooseLocale(lang || around.lang, Object.keys(locales));
    const { words: name, asked } = choice;
    this.asked = asked;
    // A host that says in which language its words are needs no file of ours.
    const tag = (lang && words && name === 'en' && asked) || choice.lang;
    const own = locales[name] ?? (name === 'en' ? {} : api && `${api}widget/locales/${name}.json`);
    const fetched = typeof own === 'string';
    const { isConnected } = this.#host;
    // An element renders once more after it was taken off the page; it must not ask then.
    if (isConnected) this.#file.open(fetched ? own : '', attempt);
    if (!isConnected || this.#file.waits) return this.#localizer ?? createLocalizer(tag, words);
    const found = fetched ? this.#file.words : own;
    const english = (this.#used = this.#english.words);
    const missing = () => {
      if (!api || !isConnected) return;
      this.#english.open(`${api}widget/locales/en.json`, attempt);
      // Another element has them already.
      if (english !== this.#english.words) queueMicrotask(this.#again);
    };
    const all = { ...english, ...found, ...(found && words) };
    return (this.#localizer = createLocalizer(found ? tag : 'en', all, undefined, missing));
  }
}
