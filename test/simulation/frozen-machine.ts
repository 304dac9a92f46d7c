/**
 * The machine of a function: frozen whenever it answers no request. What its process has begun by then is under way outside of
 * it and comes to its end there; nothing else begins before the next request.
 */

import type { Machine } from './ledger-under-test.ts';

export class FrozenMachine implements Machine {
  readonly #machine: Machine;
  readonly #waiting: (() => void)[] = [];
  #requests = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get name(): string {
    return this.#machine.name;
  }

  now(): number {
    return this.#machine.now();
  }

  monotonic(): number {
    return this.#machine.monotonic();
  }

  truth(): number {
    return this.#machine.truth();
  }

  async databaseNow(): Promise<number> {
    await this.#thawed();
    return await this.#machine.databaseNow();
  }

  readonly fetch: typeof globalThis.fetch = async (...request) => {
    await this.#thawed();
    return await this.#machine.fetch(...request);
  };

  async step<T>(what: string, work: () => Promise<T>): Promise<T> {
    await this.#thawed();
    return await this.#machine.step(what, work);
  }

  async tell(...notice: Parameters<Machine['tell']>): Promise<void> {
    await this.#thawed();
    await this.#machine.tell(...notice);
  }

  /** Thaws for a request, until it is answered. */
  readonly answering = async <T>(request: () => Promise<T>): Promise<T> => {
    this.#requests += 1;
    for (const goOn of this.#waiting.splice(0)) goOn();
    try {
      return await request();
    } finally {
      this.#requests -= 1;
    }
  };

  async #thawed(): Promise<void> {
    // Thawed and frozen again before this had its turn, it goes on: the request was there.
    if (this.#requests === 0) await new Promise<void>((goOn) => this.#waiting.push(goOn));
  }
}
