/**
 * The browser's signals about this page: seen, hidden, online, frozen into the back/forward cache and back; and the signals
 * of other tabs of the same account. All listeners come and go together.
 */
import { ofDocument } from '../page/addresses.ts';

export interface PageHandlers {
  /** A person came to the page, or the network came back. */
  onActive(): void;
  /** The page is hidden, or the network is gone. */
  onInactive(): void;
  /** The page is put into the back/forward cache; nothing may pend. */
  onFrozen(): void;
  /** Back from the back/forward cache: requests that were under way have stopped. */
  onRestored(): void;
  /** Another tab has seen this revision. */
  onPeerRevision(revision: string): void;
}

export interface PageLifecycle {
  stop(): void;
  /** Tells other tabs. Only the revision: another account may be signed in there, and each tab asks for itself. */
  tell(revision: string): void;
}

export const pageIsVisible = (): boolean => ofDocument('visibilityState') === 'visible';

export function listenToPage(channelName: string, handlers: PageHandlers): PageLifecycle {
  const listeners = new AbortController();
  let channel: BroadcastChannel | undefined;

  function openChannel(): void {
    // A channel that is dropped but open would go on hearing, for a client that is long gone.
    channel?.close();
    channel = new BroadcastChannel(channelName);
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => handlers.onPeerRevision(String(data)));
  }

  function closeChannel(): void {
    channel?.close();
    channel = undefined;
  }

  function onEvent({ type, persisted }: Event & { persisted?: boolean }): void {
    if (type === 'pagehide') {
      // An open channel keeps a page out of the back/forward cache.
      closeChannel();
      handlers.onFrozen();
    } else if (type === 'pageshow') {
      if (!persisted) return;
      openChannel();
      handlers.onRestored();
    } else if (pageIsVisible() && navigator.onLine) handlers.onActive();
    else handlers.onInactive();
  }

  for (const type of ['focus', 'online', 'offline', 'pageshow', 'pagehide', 'visibilitychange']) {
    addEventListener(type, onEvent, listeners);
  }
  openChannel();

  return {
    stop() {
      listeners.abort();
      closeChannel();
    },
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
    tell: (revision) => channel?.postMessage(revision),
  };
}
