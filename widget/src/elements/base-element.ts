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

/** A server that renders pages imports the classes, and constructs none. */
const Base = globalThis.HTMLElement ?? (Object as unknown as typeof HTMLElement);

export abstract class BaseElement extends Base {
  /** Each is the value of its attribute, which has the same name where none is said. */
  static readonly properties: Readonly<Record<string, { readonly attribute?: string }>> = {};

  readonly #controllers: ElementController[] = [];
  #root: ShadowRoot | null = null;
  #isPending = false;
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
    if (!this.#root || this.#isPending) return;
    this.#isPending = true;
    this.#updated = Promise.resolve().then(() => this.performUpdate());
  }

  protected performUpdate(): void {
    let content;
    try {
      for (const controller of this.#controllers) controller.hostUpdate?.();
      content = this.render();
    } finally {
      this.#isPending = false;
    }
    if (this.#root) render(content, this.#root, { host: this });
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
    this.requestUpdate();
  }

  disconnectedCallback(): void {
    for (const controller of this.#controllers) controller.hostDisconnected();
  }

  attributeChangedCallback(): void {
    this.requestUpdate();
  }
}
