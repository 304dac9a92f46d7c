/**
 * What the browser tells about this page: seen, hidden, online, frozen into the back/forward cache and back; and what
 * other tabs of the same account tell. All listeners come and go together.
 */

export interface PageSignalHandlers {
  /** A person came to the page, or the network came back. */
  attention(): void;
  /** Back from the back/forward cache: whatever was under way has stopped. */
  restored(): void;
  /** Nobody looks any more, or the network is gone. */
  quiet(): void;
  /** The page is put away; nothing may pend. */
  frozen(): void;
  /** Another tab has seen this revision. */
  told(revision: string): void;
}

export interface PageSignals {
  stop(): void;
  /** Tells other tabs. Only the revision: who is signed in there may be somebody else, and each asks for itself. */
  tell(revision: string): void;
}

export const pageIsVisible = (): boolean => document.visibilityState === 'visible';

export function listenToPage(channelName: string, on: PageSignalHandlers): PageSignals {
  const listeners = new AbortController();
  let channel: BroadcastChannel | undefined;

  function openChannel(): void {
    // One that nobody holds any more would go on hearing, for a client that is long gone.
    channel?.close();
    channel = new BroadcastChannel(channelName);
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => on.told(String(data)));
  }

  function closeChannel(): void {
    channel?.close();
    channel = undefined;
  }

  function heard({ type, persisted }: Event & { persisted?: boolean }): void {
    if (type === 'pagehide') {
      // An open channel keeps a page out of the back/forward cache.
      closeChannel();
      on.frozen();
    } else if (type === 'pageshow') {
      if (!persisted) return;
      openChannel();
      on.restored();
    } else if (pageIsVisible() && navigator.onLine) on.attention();
    else on.quiet();
  }

  for (const type of ['focus', 'online', 'offline', 'pageshow', 'pagehide', 'visibilitychange']) {
    addEventListener(type, heard, listeners);
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
