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
  const { signal } = listeners;
  const passed = { signal };
  let channel: BroadcastChannel | undefined;

  function openChannel(): void {
    // One that nobody holds any more would go on hearing, for a client that is long gone.
    channel?.close();
    channel = new BroadcastChannel(channelName);
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => on.told(String(data)));
  }

  function visibilityChanged(): void {
    if (pageIsVisible()) on.attention();
    else on.quiet();
  }

  function shown({ persisted }: PageTransitionEvent): void {
    if (!persisted) return;
    openChannel();
    on.restored();
  }

  function hidden(): void {
    // An open channel keeps a page out of the back/forward cache.
    channel?.close();
    channel = undefined;
    on.frozen();
  }

  addEventListener('focus', on.attention, passed);
  addEventListener('online', on.attention, passed);
  addEventListener('offline', on.quiet, passed);
  addEventListener('pageshow', shown, passed);
  addEventListener('pagehide', hidden, passed);
  document.addEventListener('visibilitychange', visibilityChanged, passed);
  openChannel();

  return {
    stop() {
      listeners.abort();
      channel?.close();
      channel = undefined;
    },
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
    tell: (revision) => channel?.postMessage(revision),
  };
}
