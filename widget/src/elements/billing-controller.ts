import { nothingKnown, type BillingClient, type ClientState, type Subscriber } from '../client/client-state.ts';
import { clientOf } from '../client/client.ts';
import type { BillingSnapshot } from '../contract.ts';
import { BillhookError } from '../page/errors.ts';
import { BillhookChangeEvent, BillhookErrorEvent } from '../page/events.ts';
import { folderOf, isAllowedApi } from '../page/addresses.ts';
import { registry } from '../page/config.ts';
import { warnOnce } from '../page/warn.ts';
import type { ElementController, BaseElement } from './base-element.ts';

/** The attributes of an element that name its BFF and account. */
export interface ClientAddress {
  readonly api: string | undefined;
  readonly account: string | undefined;
  readonly tokenUrl: string | undefined;
  readonly tokenCredentials: string | undefined;
}

/** Binds an element to the client of its BFF and account, and follows when the attributes change. */
export class BillingController implements ElementController, Subscriber {
  readonly #host: BaseElement & ClientAddress;
  client: BillingClient | null = null;
  /** The BFF's folder, which `v1/` is in; `null` where its address is none, or not known. */
  base: string | null = null;

  constructor(host: BaseElement & ClientAddress) {
    this.#host = host;
    host.addController(this);
  }

  get state(): ClientState {
    if (this.client) return this.client.state();
    if (!this.#host.isConnected) return nothingKnown;
    const code = folderOf(this.#host.api) ? 'api_not_allowed' : 'api_missing';
    warnOnce(`${code}: ${this.#host.api}`);
    return { ...nothingKnown, failure: new BillhookError(code) };
  }

  /** Whether this element speaks for its account: two alerts about one failed payment are one too many. */
  get announces(): boolean {
    return this.client?.isAnnouncer(this) ?? true;
  }

  get whole(): boolean {
    return this.#host.localName === 'billhook-widget';
  }

  /** In the connection itself, before the first render: the token is on its way while the page is still being built. */
  hostConnected(): void {
    registry.listeners.add(this.#configured);
    this.#bind();
  }

  hostUpdate(): void {
    if (this.#host.isConnected) this.#bind();
  }

  hostDisconnected(): void {
    registry.listeners.delete(this.#configured);
    this.#release();
  }

  changed(): void {
    this.#host.requestUpdate();
  }

  snapshotChanged(snapshot: BillingSnapshot, previous: BillingSnapshot | null): void {
    this.#host.dispatchEvent(new BillhookChangeEvent(snapshot, previous));
  }

  failed(error: BillhookError): void {
    if (error.setUp) warnOnce(`${error.code}: ${error.cause ?? this.base}`);
    this.#host.dispatchEvent(new BillhookErrorEvent(error));
  }

  readonly #configured = (forget = false): void => {
    this.#bind();
    // Once for all elements that read it.
    if (!forget) this.client?.reconfigured();
    else if (this.announces) this.client?.forget();
    this.#host.requestUpdate();
  };

  #bind(): void {
    const { options } = registry;
    // An attribute that was taken off is `null`.
    const { api, account, tokenUrl, tokenCredentials } = this.#host;
    let base = folderOf(api ?? options.api);
    if (!isAllowedApi(base)) base = null;
    this.base = base;
    const credentials = tokenCredentials === 'include' ? 'include' : 'same-origin';
    const url = tokenUrl ?? options.tokenUrl;
    const address = url === undefined ? null : ({ url, credentials } as const);
    const client = base === null ? null : clientOf(base, account ?? options.account ?? null, address);
    if (client !== this.client) {
      this.#release();
      this.client = client;
    }
    this.client?.attach(this);
  }

  #release(): void {
    this.client?.detach(this);
    this.client = null;
  }
}
