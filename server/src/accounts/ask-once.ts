/** One question at a time: the same question, asked while it is under way, shares its answer or its failure. */

export class AskOnce<T> {
  readonly #asked = new Map<string, Promise<T>>();

  async ask(question: string, ask: () => Promise<T>): Promise<T> {
    const underWay = this.#asked.get(question);
    if (underWay !== undefined) return await underWay;
    const asked = ask().finally(() => this.#asked.delete(question));
    this.#asked.set(question, asked);
    return await asked;
  }
}
