/** The ledger's processes: started, killed, slowed down, and gone on with step by step. */

import { BrokenPromise } from './broken-promise.ts';
import { untilItWaits, type Interleaving, type TestMachine } from './interleaving.ts';
import type { Ledger, LedgerProcess } from './ledger-under-test.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Actor {
  readonly machine: TestMachine;
  /** `null` until it takes deliveries. */
  process: LedgerProcess | null;
}

type NewMachine = (name: string, now: () => number) => TestMachine;

/** More steps than any history needs to come to rest: a process that takes more makes no progress. */
const forEver = 5_000;

const asksStripe = (what: string) => what.startsWith('GET ');
const writesFacts = (what: string) => what === 'apply' || what === 'link';

export class Processes {
  readonly #ledger: Ledger;
  readonly #time: VirtualTime;
  readonly #interleaving: Interleaving;
  readonly #newMachine: NewMachine;
  readonly #onWritten: () => Promise<void>;
  readonly #actors: Actor[];
  readonly #slowAt = new Map<TestMachine, string>();
  /** They stand still, as one whose host is overcommitted does; their clocks go on. */
  readonly #frozen = new Set<TestMachine>();
  /** By place: how far the machine's clock is off, in milliseconds. It outlives the process. */
  readonly #clocks: number[];
  #births = 0;
  steps = 0;
  crashes = 0;

  /**
   * @param newMachine - makes a machine in this interleaving, with such a clock.
   * @param onWritten - called after every step that may have shown readers something new.
   */
  constructor(
    ledger: Ledger,
    count: number,
    time: VirtualTime,
    interleaving: Interleaving,
    newMachine: NewMachine,
    onWritten: () => Promise<void>,
  ) {
    this.#ledger = ledger;
    this.#time = time;
    this.#interleaving = interleaving;
    this.#newMachine = newMachine;
    this.#onWritten = onWritten;
    this.#clocks = Array<number>(count).fill(0);
    this.#actors = Array.from({ length: count }, (_, index) => this.#born(index));
    for (const actor of this.#actors) void this.#run(actor);
  }

  at(index: number): Actor {
    const actor = this.#actors[index % this.#actors.length];
    if (!actor) throw new Error('there is no such process');
    return actor;
  }

  /** Those that answer. */
  get alive(): LedgerProcess[] {
    return this.#actors.flatMap(({ machine, process }) => (process && !this.#frozen.has(machine) ? process : []));
  }

  /** @param offMs - ahead of the right time; negative: behind it */
  setClock(index: number, offMs: number): void {
    this.#clocks[index % this.#clocks.length] = offMs;
  }

  allClocksAreRight(): void {
    this.#clocks.fill(0);
  }

  freeze(index: number, isFrozen: boolean): void {
    const { machine } = this.at(index);
    if (isFrozen) this.#frozen.add(machine);
    else this.#frozen.delete(machine);
  }

  /** Starts another one in its place, if it is dead. */
  start(index: number): void {
    if (!this.at(index).machine.dead) return;
    const actor = this.#born(index % this.#actors.length);
    this.#actors[index % this.#actors.length] = actor;
    void this.#run(actor);
  }

  startAll(): void {
    for (const index of this.#actors.keys()) this.start(index);
  }

  /**
   * `kill -9`.
   *
   * @param after - carries out one more of its steps, which it never gets to know of.
   * @returns The process that died.
   */
  async crash(index: number, after: number | null): Promise<LedgerProcess | null> {
    const { machine, process } = this.at(index);
    if (machine.dead) return null;
    this.crashes++;
    if (after !== null) {
      await this.#interleaving.lastBreath(machine, this.#slowAt.get(machine) ?? this.#rareKind(machine, after));
    }
    machine.die();
    process?.abandon();
    this.at(index).process = null;
    await untilItWaits();
    return process;
  }

  /** @returns the processes that died */
  async crashAll(): Promise<(LedgerProcess | null)[]> {
    return await Promise.all(this.#actors.map((_, index) => this.crash(index, null)));
  }

  /** @param at - which of the rarest kinds of steps that it waits for now; `null`: it is slow no more. */
  slow(index: number, at: number | null): void {
    const { machine } = this.at(index);
    const kind = at === null ? undefined : this.#rareKind(machine, at);
    if (kind === undefined) this.#slowAt.delete(machine);
    else this.#slowAt.set(machine, kind);
  }

  noneIsSlow(): void {
    this.#slowAt.clear();
    this.#frozen.clear();
  }

  /** Any process goes on by one step. */
  async go(pick: number): Promise<void> {
    if (this.#interleaving.waiting > 0) await this.#took(this.#interleaving.go(pick, this.#slowAt, this.#frozen));
  }

  /** One process alone goes on. */
  async work(index: number, until: 'asks' | 'answered' | number): Promise<void> {
    const { machine } = this.at(index);
    if (this.#frozen.has(machine)) return;
    const most = until === 'asks' ? 30 : until === 'answered' ? 1 : until;
    for (let steps = 0; steps < most; steps++) {
      if (until === 'asks' && this.#interleaving.kinds(machine).some(asksStripe)) return;
      const isWanted = until === 'answered' ? asksStripe : () => true;
      if (!(await this.#took(this.#interleaving.goOn(machine, isWanted)))) return;
    }
  }

  /** All go on until each waits for time to pass, or for nothing. */
  async goOn(): Promise<void> {
    for (let steps = 0; this.#interleaving.waiting > 0; steps++) {
      if (steps > forEver) throw new BrokenPromise('works for ever on nothing');
      await this.go(0);
    }
  }

  killAll(): void {
    for (const { machine, process } of this.#actors) {
      machine.die();
      process?.abandon();
    }
  }

  #born(place: number): Actor {
    const now = () => this.#time.now + (this.#clocks[place] ?? 0);
    return { machine: this.#newMachine(`process ${++this.#births}`, now), process: null };
  }

  async #run(actor: Actor): Promise<void> {
    try {
      const process = await this.#ledger.start(actor.machine);
      if (actor.machine.dead) process.abandon();
      else actor.process = process;
    } catch {
      // It could not start: its supervisor starts it again.
      actor.machine.die();
    }
  }

  /** A step takes a moment, and readers may read after it. */
  async #took(step: Promise<string | null>): Promise<boolean> {
    this.#time.now++;
    const what = await step;
    if (what === null) return false;
    this.steps++;
    if (writesFacts(what)) await this.#onWritten();
    return true;
  }

  #rareKind(machine: TestMachine, pick: number): string | undefined {
    const kinds = this.#interleaving.kinds(machine).slice(0, 2);
    return kinds[pick % kinds.length];
  }
}
