/** Puts elements on the page against a BFF double, and looks at them as a person would. */
import type { BillhookElement } from '../../widget/src/elements/billhook-element.ts';
import type { BillhookOptions } from '../../widget/src/page/config.ts';
import { apiUrl, BffDouble, tokenUrl } from './bff-double.ts';
// oxlint-disable-next-line no-unassigned-import -- it watches every test that uses this
import './guard.ts';
import { shownAt } from './snapshots.ts';

export type TagName =
  | 'billhook-widget'
  | 'billhook-plan-status'
  | 'billhook-past-due-banner'
  | 'billhook-manage-button';

/** Sources or the built file, as the test run says. */
const entry = document.querySelector<HTMLMetaElement>('meta[name=billhook-entry]')?.content ?? '';
const { configureBillhook, forgetBillhook } = (await import(entry)) as {
  configureBillhook(options: BillhookOptions): void;
  forgetBillhook(): void;
};
export { configureBillhook, entry, forgetBillhook };

/** A page may be opened within another, and is closed before it: each puts back what it found. */
const open: Page[] = [];

export class Page {
  readonly bff = new BffDouble();
  /** Addresses that were followed. */
  readonly left: string[] = [];
  readonly #elements: HTMLElement[] = [];
  #leaves: () => void = () => {};
  /** Resolves when an address is followed. How many turns that takes is each browser's own. */
  readonly departure = new Promise<void>((resolve) => (this.#leaves = resolve));

  constructor() {
    open.push(this);
    sessionStorage.clear();
    const realNow = Date.now;
    const startedAt = realNow();
    // The clock runs, from a known day on.
    Date.now = () => shownAt + realNow() - startedAt;
    this.#restoreClock = () => (Date.now = realNow);
    const navigate = (url: string) => {
      this.left.push(url);
      this.#leaves();
    };
    configureBillhook({ api: apiUrl, navigate, words: {}, lang: '', locales: {} });
  }

  readonly #restoreClock: () => void;

  /** The element, connected and not yet answered. */
  add(tag: TagName = 'billhook-widget', attributes: Readonly<Record<string, string>> = {}): Shown {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries({ api: apiUrl, 'token-url': tokenUrl, ...attributes }))
      element.setAttribute(name, value);
    this.#elements.push(element);
    document.body.append(element);
    return new Shown(element as BillhookElement);
  }

  async close(): Promise<void> {
    for (const element of this.#elements) element.remove();
    // An element that connects again in the same task was only moved, and keeps what it knows.
    await settled();
    if (open.pop() !== this) throw new Error('a page was opened while this one closed: await its close()');
    this.#restoreClock();
    this.bff.restore();
    document.documentElement.lang = 'en';
  }
}

export class Shown {
  readonly element: BillhookElement;

  constructor(element: BillhookElement) {
    this.element = element;
  }

  get root(): ShadowRoot {
    const { shadowRoot } = this.element;
    if (!shadowRoot) throw new Error('not rendered yet');
    return shadowRoot;
  }

  /** The readable text, without the live region and without placeholders that only reserve room. */
  get text(): string {
    const copy = this.root.querySelector('.root')?.cloneNode(true) as HTMLElement;
    for (const unseen of copy.querySelectorAll('.visually-hidden, [inert]')) unseen.remove();
    return (copy.textContent ?? '').replace(/\s+/g, ' ').trim();
  }

  get announced(): string {
    return this.root.querySelector('[role=status]')?.textContent?.trim() ?? '';
  }

  /** Without the links of the rows. */
  get buttons(): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>('.button')].filter((button) => !button.closest('[inert], dd'));
  }

  get labels(): string[] {
    return this.buttons.map((button) => (button.textContent ?? '').replace(/\s+/g, ' ').trim());
  }

  button(label: string): HTMLElement {
    const found = this.buttons[this.labels.indexOf(label)];
    if (!found) throw new Error(`no button "${label}" among ${JSON.stringify(this.labels)}`);
    return found;
  }

  part(name: string): HTMLElement | null {
    return this.root.querySelector(`[part~=${name}]`);
  }

  get phase(): string {
    return this.root.querySelector('.root')?.className.replace('root ', '') ?? '';
  }

  /** Resolves at the render in which `condition` holds; waits for renders, never for time. */
  async until(condition: () => boolean): Promise<void> {
    if (!this.element.hasUpdated) await this.element.updateComplete;
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const observer = new MutationObserver(() => {
        if (!condition()) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(this.root, { subtree: true, childList: true, characterData: true, attributes: true });
    });
  }

  reads(words: string): Promise<void> {
    return this.until(() => this.text.includes(words));
  }

  ready(): Promise<void> {
    return this.until(() => this.phase === 'ready');
  }
}

/** The next event of this type on its way up from the element. */
export function nextEvent<T extends keyof HTMLElementEventMap>(
  target: EventTarget,
  type: T,
): Promise<HTMLElementEventMap[T]> {
  return new Promise((resolve) =>
    target.addEventListener(type, (event) => resolve(event as HTMLElementEventMap[T]), { once: true }),
  );
}

/** The event of a person's return to the tab. */
export const comeBack = (): boolean => window.dispatchEvent(new Event('focus'));
export const restoreFromCache = (): boolean =>
  window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));

/** Lets everything that is already decided happen: promises and messages, no timer. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      port1.addEventListener('message', resolve, { once: true });
      port1.start();
      port2.postMessage(null);
    });
    port1.close();
  }
}
