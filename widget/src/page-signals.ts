/**
 * What the browser tells about this page: seen, hidden, online, frozen into the back/forward cache and back; and what
 * other tabs of the same account tell. All listeners come and go together.
 */

export interface PageSignalHandlers {
  /** A person came to the page, or the network came back. */
  attention(): void;
  /** Back from the back/forward cache: whatever was under way has stopped. */
  restored(): void;
  /** Nobody looks any more. */
  hidden(): void;
  /** The page is put away; nothing may pend. */
  frozen(): void;
  /** Another tab has seen this revision. */
  toldRevision(revision: string): void;
}

export class PageSignals {
  readonly #channelName: string;
  readonly #on: PageSignalHandlers;
  #listeners: AbortController | null = null;
  #channel: BroadcastChannel | null = null;

  constructor(channelName: string, handlers: PageSignalHandlers) {
    this.#channelName = channelName;
    this.#on = handlers;
  }

  get visible(): boolean {
    return document.visibilityState === 'visible';
  }

  listen(): void {
    this.#listeners = new AbortController();
    const options = { signal: this.#listeners.signal };
    const attention = () => this.#on.attention();
    addEventListener('focus', attention, options);
    addEventListener('online', attention, options);
    addEventListener('offline', () => this.#on.hidden(), options);
    document.addEventListener('visibilitychange', () => (this.visible ? attention() : this.#on.hidden()), options);
    addEventListener('pageshow', (event) => event.persisted && (this.#openChannel(), this.#on.restored()), options);
    addEventListener('pagehide', () => (this.#closeChannel(), this.#on.frozen()), options);
    this.#openChannel();
  }

  stop(): void {
    this.#listeners?.abort();
    this.#closeChannel();
  }

  /** Only the revision: who is signed in in another tab may be somebody else, and each asks for itself. */
  tell(revision: string | undefined): void {
    if (revision !== undefined) this.#channel?.postMessage({ revision });
  }

  #openChannel(): void {
    this.#channel ??= new BroadcastChannel(this.#channelName);
    this.#channel.onmessage = ({ data }: MessageEvent<{ revision?: unknown } | null>) => {
      if (typeof data?.revision === 'string') this.#on.toldRevision(data.revision);
    };
  }

  /** An open channel keeps a page out of the back/forward cache. */
  #closeChannel(): void {
    this.#channel?.close();
    this.#channel = null;
  }
}
