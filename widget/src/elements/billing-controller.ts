import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { nothingKnown, type BillingClient, type ClientState, type Subscriber } from '../client/client-state.ts';
import { clientOf } from '../client/client.ts';
import type { BillingSnapshot } from '../contract.ts';
import { BillhookError } from '../page/errors.ts';
import { BillhookChangeEvent, BillhookErrorEvent } from '../page/events.ts';
import { registry } from '../page/config.ts';

/** The attributes of an element that name its BFF and account. */
export interface ClientAddress {
  readonly api: string | undefined;
  readonly account: string | undefined;
  readonly tokenUrl: string | undefined;
  readonly tokenCredentials: string | undefined;
}

/** Binds an element to the client of its BFF and account, and follows when the attributes change. */
export class BillingController implements ReactiveController, Subscriber {
  readonly #host: ReactiveControllerHost & HTMLElement & ClientAddress;
  client: BillingClient | null = null;
  /** The BFF's folder, which `v1/` is in; `null` where its address is none, or not known. */
  base: string | null = null;

  constructor(host: ReactiveControllerHost & HTMLElement & ClientAddress) {
    this.#host = host;
    host.addController(this);
  }

  get state(): ClientState {
    if (this.client) return this.client.state();
    return { ...nothingKnown, failure: this.#host.isConnected ? new BillhookError('api_missing') : null };
  }

  /** Whether this element speaks for its account: two alerts about one failed payment are one too many. */
  get announces(): boolean {
    return this.client?.isAnnouncer(this) ?? true;
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
    this.#host.dispatchEvent(new BillhookErrorEvent(error));
  }

  readonly #configured = (): void => {
    this.#bind();
    this.client?.reconfigured();
    this.#host.requestUpdate();
  };

  #bind(): void {
    const { options } = registry;
    const { api = options.api, account = options.account, tokenUrl = options.tokenUrl, tokenCredentials } = this.#host;
    const base = (this.base = folderOf(api));
    const client = base === null ? null : clientOf(base, account ?? null);
    if (client !== this.client) {
      this.#release();
      this.client = client;
    }
    const credentials = tokenCredentials === 'include' ? 'include' : 'same-origin';
    this.client?.attach(this, tokenUrl === undefined ? null : { url: tokenUrl, credentials });
  }

  #release(): void {
    this.client?.detach(this);
    this.client = null;
  }
}

/** `https://billing.example` and `/billing` → the folder that `v1/` is in. */
function folderOf(api: string | undefined): string | null {
  try {
    return api === undefined ? null : new URL(api.replace(/\/?$/, '/'), document.baseURI).href;
  } catch {
    return null;
  }
}
