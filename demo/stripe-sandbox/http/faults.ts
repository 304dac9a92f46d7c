/** Faults between a client and Stripe, on demand. */

export type FaultKind = 'rateLimited' | 'lockTimeout' | 'serverError' | 'timeout' | 'halfBody' | 'html' | 'reset';

export interface Fault {
  readonly kind: FaultKind;
  /** How many calls it hits. Default 1. */
  readonly times?: number;
  /** Only calls with a path that begins like this. */
  readonly path?: string;
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** The call is carried out, and only its answer goes wrong: the mean case for retries. Default false; always true for `halfBody`. */
  readonly executed?: boolean;
}

export interface Faults {
  /** Milliseconds that every `/v1` call takes. */
  latencyMs: number;
  /** Calls a second from which on `/v1` answers 429; `null` for no limit (Stripe's sandboxes: 25, HTTP-7). */
  rateLimitPerSecond: number | null;
  /** The next calls go wrong like this. Several wait in line; the first that fits is used. */
  next(fault: Fault): void;
  /** The faults that still wait. */
  pending(): readonly Fault[];
  clear(): void;
}

export interface FaultPlan extends Faults {
  /** Takes the fault that hits this call, if any. */
  take(method: string, path: string): Fault | null;
  /** Counts a call; true when it is one too many in this second. */
  overLimit(): boolean;
}

export function createFaults(latencyMs: number): FaultPlan {
  const waiting: (Fault & { times: number })[] = [];
  let second = 0;
  let callsInSecond = 0;
  return {
    latencyMs,
    rateLimitPerSecond: null,
    next: (fault) => void waiting.push({ ...fault, times: fault.times ?? 1 }),
    pending: () => waiting,
    clear: () => void waiting.splice(0),
    take(method, path) {
      const index = waiting.findIndex(
        (fault) =>
          (fault.path === undefined || path.startsWith(fault.path)) &&
          (fault.method === undefined || fault.method === method),
      );
      const fault = waiting[index];
      if (!fault) return null;
      fault.times -= 1;
      if (fault.times <= 0) waiting.splice(index, 1);
      return fault;
    },
    overLimit() {
      const now = Math.floor(Date.now() / 1000);
      if (now !== second) {
        second = now;
        callsInSecond = 0;
      }
      callsInSecond += 1;
      return this.rateLimitPerSecond !== null && callsInSecond > this.rateLimitPerSecond;
    },
  };
}
