/** A thing of which a process has one, made at its first use. */

interface Closable {
  close(): Promise<void>;
}

/** All copies of this module in a process share it: a bundler makes one for each route. */
const registry = Symbol.for('billhook.server');

/**
 * Makes the function that gives the process its one thing of this name. A start that failed is tried again at the next
 * call, and after `close()` there is another one.
 */
export function onceAProcess<Thing extends Closable>(name: string, make: () => Promise<Thing>): () => Promise<Thing> {
  return async function ofThisProcess() {
    const shared = globalThis as { [registry]?: Map<string, Promise<Closable>> };
    const known = (shared[registry] ??= new Map());
    let made = known.get(name) as Promise<Thing> | undefined;
    if (made === undefined) {
      const forget = () => void (known.get(name) === made && known.delete(name));
      made = start(forget);
      known.set(name, made);
    }
    return await made;
  };

  async function start(forget: () => void): Promise<Thing> {
    try {
      const thing = await make();
      const close = async () => {
        forget();
        await thing.close();
      };
      return { ...thing, close };
    } catch (cause) {
      forget();
      throw cause;
    }
  }
}
