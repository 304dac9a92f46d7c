/**
 * Processes in which every step waits until a history picks it. So all orders of their steps can occur, each on purpose and
 * again from the same seed; a crash is a process of which no step is picked any more.
 */

import type { Machine } from './ledger-under-test.ts';

interface Step {
  readonly of: TestMachine;
  readonly what: string;
  /** Carries it out. Answers how its process gets to know. */
  carryOut(): Promise<() => void>;
}

export interface TestMachine extends Machine {
  readonly dead: boolean;
  /** Nothing of it is carried out any more. */
  die(): void;
}

/** A request's way to Stripe, with its faults. `null`: no answer, ever. */
export type Transport = (input: string | URL | Request, init: RequestInit | undefined) => Promise<Response | null>;

export class Interleaving {
  readonly #waiting: Step[] = [];
  readonly #done = new Map<string, number>();
  /** Everything that was carried out, in its order. */
  readonly trace: string[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * @param clocks - its own, and the right one
   * @param tell - the host hears it, at that moment.
   */
  machine(
    name: string,
    clocks: Pick<Machine, 'now' | 'truth'>,
    transport: Transport,
    tell: Machine['tell'],
  ): TestMachine {
    let dead = false;
    const waiting = this.#waiting;
    // A signal with listeners keeps itself and all of them alive, so each is removed as soon as its wait ends.
    const listening = new Set<() => void>();
    const step = <T>(what: string, work: () => Promise<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        if (dead) return;
        const carryOut = () =>
          work().then(
            (result) => () => resolve(result),
            (cause: unknown) => () => reject(cause as Error),
          );
        waiting.push({ of: machine, what, carryOut });
      });
    const machine = {
      name,
      ...clocks,
      monotonic: clocks.truth,
      databaseNow: () => step('ask for the time', async () => clocks.truth()),
      step,
      get dead() {
        return dead;
      },
      fetch: (input: string | URL | Request, init?: RequestInit) =>
        new Promise<Response>((resolve, reject) => {
          // The caller's time limit may come before the answer does; most of all where none ever comes.
          const lost = () => reject(init?.signal?.reason as Error);
          const noMore = (): void => {
            listening.delete(noMore);
            init?.signal?.removeEventListener('abort', lost);
          };
          listening.add(noMore);
          init?.signal?.addEventListener('abort', lost);
          const asked = step(`GET ${new URL(String(input)).pathname}`, () => transport(input, init));
          asked.then((response) => response && noMore(), noMore);
          asked.then((response) => response && resolve(response), reject);
        }),
      tell: (notice: Parameters<Machine['tell']>[0]) => step(`tell ${notice.type}`, () => tell(notice)),
      die() {
        dead = true;
        for (const noMore of listening) noMore();
        for (let at = waiting.length - 1; at >= 0; at--) if (waiting[at]?.of === machine) waiting.splice(at, 1);
      },
    };
    return machine;
  }

  /** The kinds of steps that this process waits for, the rarest first: an adversary strikes there, not where all idle. */
  kinds(of: TestMachine): string[] {
    const kinds = new Set(this.#waiting.filter((step) => step.of === of).map(({ what }) => what));
    return [...kinds].toSorted((a, b) => (this.#done.get(a) ?? 0) - (this.#done.get(b) ?? 0));
  }

  /**
   * Carries out one waiting step, and lets its process go on until it waits again.
   *
   * @param slowAt - steps that take longer than everything else, by machine.
   * @param frozen - machines that stand still.
   * @returns What it was; `null` when nothing else waits.
   */
  async go(
    pick: number,
    slowAt: ReadonlyMap<TestMachine, string>,
    frozen: ReadonlySet<TestMachine>,
  ): Promise<string | null> {
    const quick = this.#waiting.filter(({ of, what }) => slowAt.get(of) !== what && !frozen.has(of));
    const step = quick[pick % quick.length];
    return step ? await this.#carryOut(step) : null;
  }

  /** This process alone goes on, the first step first. Answers what it did; `null` when there is nothing. */
  async goOn(of: TestMachine, isWanted: (what: string) => boolean): Promise<string | null> {
    const step = this.#waiting.find((each) => each.of === of && isWanted(each.what));
    if (!step) return null;
    return await this.#carryOut(step);
  }

  /** Carries out a step of this process, which never gets to know: the crash after the commit. */
  async lastBreath(of: TestMachine, kind: string | undefined): Promise<void> {
    const step = this.#waiting.find((each) => each.of === of && each.what === kind);
    if (!step) return;
    this.#waiting.splice(this.#waiting.indexOf(step), 1);
    this.#note(step, ' †');
    await step.carryOut();
  }

  async #carryOut(step: Step): Promise<string> {
    this.#waiting.splice(this.#waiting.indexOf(step), 1);
    this.#note(step, '');
    const goOn = await step.carryOut();
    goOn();
    await untilItWaits();
    return step.what;
  }

  #note({ of, what }: Step, how: string): void {
    this.trace.push(`${of.name} ${what}${how}`);
    this.#done.set(what, (this.#done.get(what) ?? 0) + 1);
  }
}

/** Between its steps a process only computes, in microtasks: one turn of the event loop, and it waits again. */
export const untilItWaits = (): Promise<void> => new Promise((done) => setImmediate(done));
