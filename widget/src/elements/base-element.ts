/**
 * The base of the elements: properties that are attributes, controllers, and one render for many changes. Lit's own base
 * does more than these elements need, and weighs a tenth of the script.
 */
import { render, type noChange, type nothing, type TemplateResult } from 'lit/html.js';
import { styles } from './styles.ts';

/** Follows an element's life. */
export interface ElementController {
  hostConnected(): void;
  /** Right before a render. */
  hostUpdate?(): void;
  hostDisconnected(): void;
}

/** So many elements render in one task: a page with fifty of them would not answer a click meanwhile. */
const atOnce = 4;

/** Elements that are to render, each with the end of its `updateComplete`. */
const due = new Map<BaseElement, () => void>();

function renderSome(): void {
  let left = atOnce;
  for (const [element, rendered] of due) {
    if (!left--) return void setTimeout(renderSome);
    due.delete(element);
    element.performUpdate();
    rendered();
  }
}

/** A server that renders pages imports the classes, and constructs none. */
const Base = globalThis.HTMLElement ?? (Object as unknown as typeof HTMLElement);

export abstract class BaseElement extends Base {
  /** Each is the value of its attribute, which has the same name where none is said. */
  static readonly properties: Readonly<Record<string, { readonly attribute?: string }>> = {};

  readonly #controllers: ElementController[] = [];
  #root: ShadowRoot | null = null;
  #hasUpdated = false;
  #updated: Promise<void> = Promise.resolve();

  /** Read once, when an element is defined, and defines each property as its attribute's value. */
  static get observedAttributes(): string[] {
    return Object.entries(this.properties).map(([name, { attribute = name }]) => {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        get(this: HTMLElement) {
          return this.getAttribute(attribute) ?? undefined;
        },
        set(this: HTMLElement, value: string | null | undefined) {
          if (value === undefined || value === null) this.removeAttribute(attribute);
          else this.setAttribute(attribute, value);
        },
      });
      return attribute;
    });
  }

  protected abstract render(): TemplateResult | typeof noChange | typeof nothing;

  addController(controller: ElementController): void {
    this.#controllers.push(controller);
  }

  get hasUpdated(): boolean {
    return this.#hasUpdated;
  }

  /** Fulfilled after the render that is due. */
  get updateComplete(): Promise<void> {
    return this.#updated;
  }

  /** Renders once for all requests of this turn. There is nothing to render before the first connection. */
  requestUpdate(): void {
    if (!this.#root || due.has(this)) return;
    if (!due.size) queueMicrotask(renderSome);
    this.#updated = new Promise<void>((rendered) => due.set(this, rendered));
  }

  performUpdate(): void {
    for (const controller of this.#controllers) controller.hostUpdate?.();
    render(this.render(), this.#root as ShadowRoot, { host: this });
    this.#hasUpdated = true;
  }

  connectedCallback(): void {
    if (!this.#root) {
      this.#root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
      this.#root.adoptedStyleSheets = [styles()];
    }
    // One that was set before the element was defined is the object's own, and hides the accessor.
    for (const name of Object.keys((this.constructor as typeof BaseElement).properties)) {
      const own = Object.getOwnPropertyDescriptor(this, name);
      Reflect.deleteProperty(this, name);
      if (own) Reflect.set(this, name, own.value);
    }
    for (const controller of this.#controllers) controller.hostConnected();
    if (this.#hasUpdated) this.requestUpdate();
    // In this very turn, however many there are: the next frame has the room of all.
    else this.#updated = Promise.resolve().then(() => this.performUpdate());
  }

  disconnectedCallback(): void {
    for (const controller of this.#controllers) controller.hostDisconnected();
  }

  attributeChangedCallback(): void {
    this.requestUpdate();
  }
}
