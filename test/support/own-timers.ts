/** Timers under a fake clock, of the code under test alone. */

/**
 * Counts the timers that sources have made and that have neither run nor been cleared. Vitest counts those of the whole
 * process, and a connection that an earlier file left idle has some too.
 *
 * ```ts
 * vi.useFakeTimers();
 * const pending = ownTimers(/widget\/src\//);
 * expect(pending()).toBe(0);
 * ```
 *
 * @param sources - the paths of these sources. Call it after `vi.useFakeTimers`; `vi.useRealTimers` ends it.
 */
export function ownTimers(sources: RegExp): () => number {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const pending = new Set<unknown>();
  const setOwn = (run: (...given: unknown[]) => void, ...rest: [ms?: number, ...given: unknown[]]) => {
    const timer = set(
      (...given: unknown[]) => {
        pending.delete(timer);
        run(...given);
      },
      ...rest,
    );
    const [, , caller = ''] = new Error('made here').stack?.split('\n') ?? [];
    if (sources.test(caller)) pending.add(timer);
    return timer;
  };
  globalThis.setTimeout = Object.assign(setOwn, set);
  globalThis.clearTimeout = (timer) => {
    pending.delete(timer);
    clear(timer);
  };
  return () => pending.size;
}
