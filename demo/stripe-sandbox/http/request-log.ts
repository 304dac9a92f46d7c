/** The requests that arrived: tests count calls here instead of guessing. */

export interface LoggedRequest {
  readonly id: string;
  /** Unix milliseconds of the sandbox's clock. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly params: Record<string, unknown>;
  status: number | null;
  readonly idempotencyKey: string | null;
  /** The answer was replayed from an earlier call with the same key. */
  replayed: boolean;
}

export interface RequestLog {
  /** Oldest first. */
  list(filter?: RequestFilter): LoggedRequest[];
  count(filter?: RequestFilter): number;
  /** Resolves when there are so many. */
  arrived(count: number, filter?: RequestFilter): Promise<void>;
  clear(): void;
}

export interface RequestFilter {
  readonly method?: string;
  /** Exact path, or a pattern. */
  readonly path?: string | RegExp;
}

/** More than any test makes; a demo that runs for days must not grow without end. */
const maxKept = 10_000;

export function createRequestLog(): RequestLog & { add(request: LoggedRequest): void } {
  const requests: LoggedRequest[] = [];
  let waiting: { isOver: () => boolean; resolve: () => void }[] = [];
  const list = (filter: RequestFilter = {}): LoggedRequest[] =>
    requests.filter(
      (request) =>
        (filter.method === undefined || request.method === filter.method) &&
        (filter.path === undefined ||
          (typeof filter.path === 'string' ? request.path === filter.path : filter.path.test(request.path))),
    );
  return {
    list,
    count: (filter) => list(filter).length,
    arrived: (count, filter) =>
      new Promise((resolve) => {
        const isOver = (): boolean => list(filter).length >= count;
        if (isOver()) resolve();
        else waiting.push({ isOver, resolve });
      }),
    clear: () => void requests.splice(0),
    add(request) {
      requests.push(request);
      if (requests.length > maxKept) requests.shift();
      for (const { isOver, resolve } of waiting) if (isOver()) resolve();
      waiting = waiting.filter(({ isOver }) => !isOver());
    },
  };
}
