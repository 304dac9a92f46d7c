import { html, noChange, nothing, type TemplateResult } from 'lit/html.js';
import { BillingController } from './billing-controller.ts';
import { nothingKnown, type ClientState } from '../client/client-state.ts';
import type { Action, BillingSnapshot } from '../contract.ts';
import { BillhookError } from '../page/errors.ts';
import { BillhookActionEvent } from '../page/events.ts';
import { LocalizeController } from './localize-controller.ts';
import { present, type BillingView } from '../view/present.ts';
import { BaseElement } from './base-element.ts';
import { sessionItem, setSessionItem } from '../client/session-storage.ts';
import type { Localizer } from '../i18n/localizer.ts';

/** Remembers which trouble was already read out, so that it is not repeated on every page of a session. */
const announcedKey = 'billhook-announced';

/**
 * The common part of the four elements: their attributes, the client they read, their language, and the one live region. Each
 * adds which pieces it shows. Elements of one BFF and `account` share one client: one token, one poll, one voice.
 *
 * Everything that a page says is an attribute, so that it means the same before the script has come; functions go
 * through `configureBillhook`. Nothing is ever thrown into the page.
 *
 * @attr {'light' | 'dark' | 'auto'} theme - `auto` follows the system. Default: the page's own `color-scheme`. For style
 * alone, so it has no property
 * @event {BillhookChangeEvent} billhook-change - the billing that is shown has changed; also for the first snapshot
 * @event {BillhookErrorEvent} billhook-error - something failed, and is shown in words; `code` names it
 * @cssproperty [--billhook-accent=color-mix(in oklab, var(--billhook-text) 82%, var(--billhook-background))] - the primary
 * button
 * @cssproperty [--billhook-on-accent=Canvas] - text on the primary button; black or white by the accent, where the browser has
 * relative colours
 * @cssproperty [--billhook-background=Canvas] - the box
 * @cssproperty [--billhook-text=CanvasText] - all text, and the base of every shade; outside a box the text around
 * @cssproperty [--billhook-muted=color-mix(in oklab, var(--billhook-text) 62%, var(--billhook-background))] - dates and
 * hints
 * @cssproperty [--billhook-border=color-mix(in oklab, var(--billhook-text) 13%, var(--billhook-background))] - lines
 * @cssproperty [--billhook-radius=14px] - the box's corners; those of buttons follow
 * @cssproperty [--billhook-control-radius=calc(var(--billhook-radius) * 0.65)] - the corners of buttons
 * @cssproperty [--billhook-control-height=44px] - the least height of a button
 * @cssproperty [--billhook-shadow=none] - the box's shadow
 * @cssproperty [--billhook-focus=CanvasText] - the ring around a button that has the focus
 * @cssproperty [--billhook-padding=min(24px, 7.5%)] - inside the box
 * @cssproperty [--billhook-gap=10px] - between buttons
 * @cssproperty [--billhook-font=inherit] - the family of all text
 * @cssproperty [--billhook-font-size=max(1em, 0.875rem)] - the size that all others follow
 * @cssproperty [--billhook-positive=#16a34a] - the hue of a plan in good order
 * @cssproperty [--billhook-info=#2563eb] - the hue of trials and waiting
 * @cssproperty [--billhook-caution=#d97706] - the hue of a task for the person
 * @cssproperty [--billhook-critical=#dc2626] - the hue of a failed payment
 */
export abstract class BillhookElement extends BaseElement {
  static override properties = {
    api: {},
    account: {},
    tokenUrl: { attribute: 'token-url' },
    tokenCredentials: { attribute: 'token-credentials' },
    target: {},
  };

  /** The BFF's address, absolute or from the page. Default: the folder that the script came from; npm users must say it. */
  declare api: string | undefined;
  /** The host's id of the paying account; change it when another workspace is chosen, and everything known is dropped at once. */
  declare account: string | undefined;
  /** The host's address that answers `GET` with `{ "token": … }`; 401 and 403 mean signed out. */
  declare tokenUrl: string | undefined;
  /**
   * `include` sends cookies to a `token-url` on another origin. Default: `same-origin`.
   *
   * @type {'same-origin' | 'include' | undefined}
   */
  declare tokenCredentials: string | undefined;
  /**
   * `_blank` opens Stripe's pages in a new tab, `_self` in this one. Default: an invoice in a new tab, for its page has no
   * way back, and all else in this one.
   *
   * @type {'_self' | '_blank' | undefined}
   */
  declare target: string | undefined;

  protected readonly billing = new BillingController(this);
  readonly #localize = new LocalizeController(this);
  #spoken = '';
  #unreadable: BillingSnapshot | null = null;
  /** The failure of the last press on this element. A press on another element is told there. */
  #openFailure: BillhookError | null = null;
  #pressed: Action | null = null;

  /** The billing as it is shown now; `null` while it is not known. For listeners that were added after its event. */
  get snapshot(): BillingSnapshot | null {
    return this.billing.state.snapshot;
  }

  /** The pieces this element is composed of. Not called while signed out. */
  protected abstract renderBilling(view: BillingView, i18n: Localizer): TemplateResult | typeof nothing;

  protected override render(): TemplateResult | typeof noChange {
    const { state, base } = this.billing;
    const i18n = this.#localize.localizer(base, state.failures);
    const { ready } = this.#localize;
    const shown = !ready && !state.signedOut ? nothingKnown : state;
    const mine = shown.openFailure === this.#openFailure ? shown : { ...shown, openFailure: null };
    const view = this.#view(mine, i18n);
    if (this.#localize.waits) return noChange;
    const { announces, whole } = this.billing;
    // A live region announces only changes inside it, so it is there, empty, before its first words.
    const speaks = announces || mine.openFailure;
    const spoken = this.hasUpdated && speaks ? this.#announcement(view, i18n) : '';
    return html`<div class="root ${view.phase}" lang=${i18n.lang} dir=${i18n.dir} aria-busy=${view.phase === 'loading'}>
      <div class="visually-hidden" role="status" .textContent=${spoken}></div>
      ${view.phase === 'loading' && ready ? html`<p class="visually-hidden">${i18n.term('loading')}</p>` : nothing}
      ${view.phase === 'hidden' ? nothing : this.renderBilling(announces || whole ? view : { ...view, note: null }, i18n)}
    </div>`;
  }

  /**
   * Nothing that goes wrong in here becomes the host page's exception, and a button that goes while it has the focus leaves
   * it here: a keyboard user would begin at the top of the page again.
   */
  protected override performUpdate(): void {
    const focused = this.shadowRoot?.activeElement;
    const isFirst = !this.hasUpdated;
    try {
      super.performUpdate();
      const root = this.shadowRoot?.querySelector<HTMLElement>('.root');
      // The live region is there; now it may speak.
      if (isFirst && !root?.matches('.loading')) this.requestUpdate();
      if (focused?.isConnected === false && root) {
        root.tabIndex = -1;
        root.focus({ preventScroll: true });
      }
    } catch (cause) {
      this.billing.failed(new BillhookError('render_failed', 0, 0, cause));
    }
  }

  /** A person pressed an action: the host may take it over, else it is opened. */
  protected readonly press = (action: Action, click: Event): void => {
    const { client } = this.billing;
    const event = new BillhookActionEvent(action);
    this.#pressed = action;
    // While one opens, further clicks are no actions.
    if (client?.state().opening || !this.dispatchEvent(event)) return click.preventDefault();
    if (action.via === 'link') return; // the anchor leads there by itself
    // An invoice's page has no way back.
    const target = this.target ?? (action.via === 'invoice' && '_blank');
    void client?.open(action, target === '_blank', this.#localize.asked).finally(() => {
      this.#openFailure = client.state().openFailure;
      this.requestUpdate();
    });
  };

  /** "Try again": the press that failed once more, where that may help; else a new look. */
  protected readonly retry = (click: Event): void => {
    const { client } = this.billing;
    const failure = client?.state().openFailure;
    if (this.#pressed && failure === this.#openFailure && failure?.transient) this.press(this.#pressed, click);
    else client?.retry();
  };

  /** A document that cannot be shown is a reading that failed: said in words, with a way on, and reported once. */
  #view(state: ClientState, i18n: Localizer): BillingView {
    const now = this.billing.client?.now() ?? Date.now();
    try {
      return present(state, i18n, now);
    } catch (cause) {
      const failure = new BillhookError('response_malformed', 0, 0, cause);
      if (this.#unreadable !== state.snapshot) this.billing.failed(failure);
      this.#unreadable = state.snapshot;
      return present({ ...nothingKnown, failure }, i18n, now);
    }
  }

  #announcement(view: BillingView, { term }: Localizer): string {
    const { opening } = this.billing.state;
    const news = opening ? term('opening') : [view.note?.text, view.failure?.text].filter(Boolean).join(' ');
    if (news) return (this.#spoken = news);
    const { banner } = view;
    // An alert speaks by itself.
    if (!banner || banner.alerting) return (this.#spoken = '');
    const trouble = `${banner.title}. ${banner.text}`;
    // Its words tell of money, and stay on no machine.
    const revision = `${this.snapshot?.revision}`;
    if (sessionItem(announcedKey) !== revision) {
      setSessionItem(announcedKey, revision);
      this.#spoken = trouble;
    }
    // Kept while it is being read out.
    return this.#spoken === trouble ? trouble : '';
  }
}
