/**
 * A browser without pages: tabs that each run the real client in a realm of their own, on one virtual clock, with one
 * BFF. Only the browser is a double; the counted requests are the client's own.
 */
import type { BillingSnapshot, VisitReturn } from '@billhook/widget/contract';
import { createClock, type Clock } from '@sinonjs/fake-timers';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build, type Rolldown } from 'vite';
import type { BillingClient, Subscriber } from '../../widget/src/client/client-state.ts';
import type { clientOf } from '../../widget/src/client/client.ts';
import type { BillhookOptions } from '../../widget/src/page/config.ts';
import { active, shownAt } from './snapshots.ts';

/** The client as one script that leaves `clientOf` behind. */
const source = await (async () => {
  const root = fileURLToPath(new URL('../../widget', import.meta.url));
  const built = await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: { entry: `${root}/src/client/client.ts`, formats: ['iife'], name: 'billhook' },
    },
  });
  return (built as Rolldown.RolldownOutput[])[0]?.output[0].code ?? '';
})();

export const secondMs = 1000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
/** Where a tab keeps its trip to Stripe. */
const visitKey = 'billhook-visit:https://billing.test/ ';
const tokenLife = 10 * minuteMs;
/** Where tokens come from. */
export const tokenAddress = { url: 'https://app.example/token', credentials: 'same-origin' } as const;

export interface Asked {
  readonly at: number;
  readonly tab: number;
  readonly what: 'token' | 'billing' | 'return' | 'open';
  readonly wait: number;
  /** Of a request that has one. */
  readonly body: unknown;
  status: number;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class BrowserDouble {
  readonly clock: Clock = createClock(shownAt);
  readonly asked: Asked[] = [];
  readonly tabs: Tab[] = [];
  snapshot: BillingSnapshot = active;
  /** How the BFF answers before it looks at the request; `null`: as it should. `'down'`: not at all. */
  trouble: (wait: number, what: Asked['what']) => Answer | 'down' | null | Promise<Answer | 'down' | null> = () => null;
  /** The outcome of a visit to Stripe. */
  visitReturn: Omit<VisitReturn, 'snapshot'> = { outcome: 'unchanged', changes: [] };
  /** The account that the host's tokens speak for; `null`: the person is signed out. */
  account: string | null = 'account-1';
  /** The host's answer for a token, where it is not 200. */
  tokenFailure: number | null = null;
  /** Tabs hear each other's channels; tabs of different people's browsers do not. */
  readonly channels = new Map<string, Set<ChannelDouble>>();
  /** The messages of tabs to each other. */
  readonly told: unknown[] = [];
  #waiting: (() => void)[] = [];
  #open = 0;

  tab(options: TabOptions = {}): Tab {
    const tab = new Tab(this, this.tabs.length, options);
    this.tabs.push(tab);
    return tab;
  }

  async pass(milliseconds: number): Promise<void> {
    await this.clock.tickAsync(milliseconds);
  }

  /** A sleeping machine: the day goes on, its timers do not. */
  sleep(milliseconds: number): void {
    this.clock.setSystemTime(this.clock.now + milliseconds);
  }

  /** Sets another snapshot, and answers the waiting requests with it. */
  change(snapshot: BillingSnapshot): void {
    this.snapshot = snapshot;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  get pending(): number {
    return this.#open;
  }

  /** The requests to the BFF since then, but for tokens. */
  billing(since = 0): Asked[] {
    return this.asked.filter(({ what, at }) => what !== 'token' && at >= since);
  }

  tokens(since = 0): Asked[] {
    return this.asked.filter(({ what, at }) => what === 'token' && at >= since);
  }

  async answer(tab: number, address: string, init: RequestInit): Promise<unknown> {
    const headers = new Headers(init.headers);
    const what = purposeOf(address);
    const wait = Number(headers.get('prefer')?.replace('wait=', '') ?? 0);
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : null;
    const asked: Asked = { at: this.clock.now, tab, what, wait, body, status: 0 };
    this.asked.push(asked);
    this.#open++;
    try {
      const { signal } = init;
      const aborted = new Promise<never>((_, reject) => {
        signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
      const answer = await Promise.race([this.#answer(what, wait, headers), aborted]);
      if (answer === 'down') throw new TypeError('Failed to fetch');
      asked.status = answer.status;
      return {
        status: answer.status,
        type: 'basic',
        headers: new Headers({ date: new Date(this.clock.now).toUTCString(), ...answer.headers }),
        json: () => Promise.resolve(structuredClone(answer.body)),
      };
    } finally {
      this.#open--;
    }
  }

  async #answer(what: Asked['what'], wait: number, headers: Headers): Promise<Answer | 'down'> {
    // A loopback's time, so that requests of one moment overlap as they do in a browser.
    await this.after(5);
    if (what === 'token' && this.tokenFailure !== null) return { status: this.tokenFailure };
    if (what === 'token' && this.account === null) return { status: 401 };
    if (what === 'token') return { status: 200, body: { token: this.#token() } };
    const trouble = await this.trouble(wait, what);
    if (trouble) return trouble;
    if (what === 'return') {
      return { status: 200, body: { ...this.visitReturn, snapshot: this.snapshot } };
    }
    if (what === 'open') return { status: 200, body: { url: 'https://stripe.example/', visit: 'visit-2' } };
    if (headers.get('if-none-match') === this.#etag() && wait) {
      await Promise.race([this.after(wait * secondMs), new Promise<void>((wake) => this.#waiting.push(wake))]);
    }
    const etag = this.#etag();
    return headers.get('if-none-match') === etag
      ? { status: 304, headers: { etag } }
      : { status: 200, body: this.snapshot, headers: { etag } };
  }

  after(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimeout(() => resolve(), milliseconds));
  }

  #etag(): string {
    return `"${this.snapshot.revision}"`;
  }

  #token(): string {
    const exp = Math.floor((this.clock.now + tokenLife) / 1000);
    return `${btoa('{"typ":"billhook-widget+jwt"}').replaceAll('=', '')}.${btoa(JSON.stringify({ iss: 'host', sub: this.account, exp })).replaceAll('=', '')}.x`;
  }
}

const purposeOf = (address: string): Asked['what'] =>
  address.endsWith('token')
    ? 'token'
    : address.endsWith('return')
      ? 'return'
      : address.endsWith('-sessions')
        ? 'open'
        : 'billing';

interface TabOptions {
  /** How far this machine's clock is ahead. */
  readonly ahead?: number;
  /** The browser's owner: only tabs of the same browser hear each other. */
  readonly person?: string;
  /** The entry of its last visit to Stripe in the tab's storage. */
  readonly stored?: string;
  /** 0 ≤ random < 1, one after another. */
  readonly random?: () => number;
}

export class Tab {
  readonly #browser: BrowserDouble;
  readonly #window = new EventTarget();
  readonly #document = { visibilityState: 'visible', readyState: 'complete', baseURI: 'https://app.example/billing' };
  readonly #navigator = { onLine: true };
  readonly client: BillingClient;
  readonly clientOf: typeof clientOf;
  /** Shared by all scripts of the page, with the host's options. */
  readonly registry: { options: BillhookOptions };
  /** Addresses that the page was left for. */
  readonly left: string[] = [];
  /** Codes that an element was told of. */
  readonly failures: string[] = [];
  readonly #subscriber: Subscriber = {
    whole: false,
    changed() {},
    snapshotChanged() {},
    failed: ({ code }) => this.failures.push(code),
  };
  readonly #storage = new Map<string, string>();
  /** How far this machine's clock is ahead. */
  ahead: number;

  constructor(browser: BrowserDouble, number: number, { ahead = 0, person = 'one', stored, random }: TabOptions) {
    this.#browser = browser;
    this.ahead = ahead;
    const { clock } = browser;
    const now = () => clock.now + this.ahead;
    class TabDate extends Date {
      static override now = now;
    }
    const storage = this.#storage;
    if (stored !== undefined) this.stored = stored;
    const context = createContext({
      // The change of the sources that a run of `mutation/` tries: one for all realms.
      __stryker__: Reflect.get(globalThis, '__stryker__') as unknown,
      AbortController,
      AbortSignal,
      DOMException,
      URL,
      BroadcastChannel: class extends ChannelDouble {
        constructor(name: string) {
          super(browser, `${person} ${name}`);
        }
      },
      Date: TabDate,
      performance: clock.performance,
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      queueMicrotask,
      atob,
      addEventListener: this.#window.addEventListener.bind(this.#window),
      document: this.#document,
      Document: { prototype: this.#document },
      origin: 'https://app.example',
      navigator: this.#navigator,
      location: { href: 'https://app.example/billing', assign: (address: string) => this.left.push(address) },
      self: { origin: 'https://app.example' },
      window: { open: () => ({ location: { replace() {} }, close() {} }) },
      sessionStorage: {
        getItem: (key: string) => storage.get(key) ?? null,
        setItem: (key: string, value: string) => storage.set(key, value),
        removeItem: (key: string) => storage.delete(key),
      },
      fetch: (address: string, init: RequestInit) => browser.answer(number, address, init),
    });
    runInContext(source, context);
    if (random) (runInContext('Math', context) as Math).random = random;
    this.registry = runInContext("globalThis[Symbol.for('billhook')]", context) as Tab['registry'];
    this.clientOf = runInContext('billhook.clientOf', context) as typeof clientOf;
    this.client = this.clientOf('https://billing.test/', null, tokenAddress);
    this.client.attach(this.#subscriber);
  }

  get stored(): string | null {
    return this.#storage.get(visitKey) ?? null;
  }

  set stored(text: string) {
    this.#storage.set(visitKey, text);
  }

  /** A person comes to it, as browsers tell: twice. */
  show(): void {
    this.#document.visibilityState = 'visible';
    this.#window.dispatchEvent(new Event('visibilitychange'));
    this.#window.dispatchEvent(new Event('focus'));
  }

  hide(): void {
    this.#document.visibilityState = 'hidden';
    this.#window.dispatchEvent(new Event('visibilitychange'));
  }

  focus(): void {
    this.#window.dispatchEvent(new Event('focus'));
  }

  /** Into the back/forward cache. */
  freeze(): void {
    this.#window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
  }

  /** And back from it. */
  restore(): void {
    this.#window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  }

  online(onLine: boolean): void {
    this.#navigator.onLine = onLine;
    this.#window.dispatchEvent(new Event(onLine ? 'online' : 'offline'));
  }

  leave(): void {
    this.client.detach(this.#subscriber);
  }

  /** When it last learned that what it shows is true. */
  get fresh(): boolean {
    const { failure, snapshot } = this.client.state();
    return !failure && snapshot?.revision === this.#browser.snapshot.revision;
  }
}

class ChannelDouble extends EventTarget {
  readonly #browser: BrowserDouble;
  readonly #others: Set<ChannelDouble>;

  constructor(browser: BrowserDouble, name: string) {
    super();
    this.#browser = browser;
    const { channels } = browser;
    this.#others = channels.get(name) ?? new Set();
    channels.set(name, this.#others.add(this));
  }

  postMessage(data: unknown): void {
    this.#browser.told.push(data);
    for (const other of this.#others) {
      if (other !== this) queueMicrotask(() => other.dispatchEvent(Object.assign(new Event('message'), { data })));
    }
  }

  close(): void {
    this.#others.delete(this);
  }
}
