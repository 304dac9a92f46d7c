import type { ReactiveController, ReactiveControllerHost } from 'lit';
import {
  createClient,
  NOTHING_KNOWN,
  type BillingClient,
  type ClientState,
  type Subscriber,
  type TokenAddress,
} from './client.ts';
import type { BillingSnapshot } from './contract.ts';
import { BillhookError } from './errors.ts';
import { BillhookChangeEvent, BillhookErrorEvent } from './events.ts';
import { registry } from './registry.ts';

/** What an element's attributes say about where to ask, and for whom. */
export interface ClientAddress {
  api: string | undefined;
  account: string | undefined;
  tokenUrl: string | undefined;
  tokenCredentials: string | undefined;
}

/** Binds an element to the client of its BFF and account, and follows when the attributes change. */
export class ClientController implements ReactiveController, Subscriber {
  readonly #host: ReactiveControllerHost & HTMLElement & ClientAddress;
  client: BillingClient | null = null;
  #key: string | null = null;
  #tokenUrl: string | undefined;

  constructor(host: ReactiveControllerHost & HTMLElement & ClientAddress) {
    this.#host = host;
    host.addController(this);
  }

  get state(): ClientState {
    if (this.client) return this.client.state();
    return { ...NOTHING_KNOWN, failure: this.#host.isConnected ? new BillhookError('api_missing') : null };
  }

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
    this.client?.reconfigured(this.#tokenAddress());
    this.#host.requestUpdate();
  };

  #bind(): void {
    const { options, clients } = registry;
    const api = this.#host.api ?? options.api;
    const account = this.#host.account ?? options.account ?? null;
    const base = folderOf(api);
    const key = base === null ? null : `${base} ${account ?? ''}`;
    const address = this.#tokenAddress();
    if (key === this.#key) {
      if (address?.url !== this.#tokenUrl) this.client?.reconfigured(address);
      this.#tokenUrl = address?.url;
      return;
    }
    this.#release();
    this.#key = key;
    this.#tokenUrl = address?.url;
    if (base === null || key === null) return;
    this.client = clients.get(key) ?? createClient(key, base, account);
    clients.set(key, this.client);
    this.client.attach(this, address);
  }

  #tokenAddress(): TokenAddress | null {
    const url = this.#host.tokenUrl ?? registry.options.tokenUrl;
    return url === undefined
      ? null
      : { url, credentials: this.#host.tokenCredentials === 'include' ? 'include' : 'same-origin' };
  }

  #release(): void {
    const { client } = this;
    const key = this.#key;
    this.client = null;
    this.#key = null;
    client?.detach(this);
    // An element that is only moved connects again in the same task; else the account is forgotten.
    queueMicrotask(() => {
      if (client && key !== null && !client.attached() && registry.clients.get(key) === client)
        registry.clients.delete(key);
    });
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
