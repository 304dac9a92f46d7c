/** Deliveries under way: so many to each endpoint at a time, and a moment at which all have come to rest. */
export interface DeliveryQueue {
  add(endpoint: string, task: () => Promise<void>): void;
  readonly busy: boolean;
  /** Forgets what has not begun. */
  clear(): void;
}

/**
 * @param concurrency - asked each time, because it may be changed while deliveries wait
 * @param onRest - after each task; the queue may be idle then
 */
export function createDeliveryQueue(concurrency: () => number, onRest: () => void): DeliveryQueue {
  const waiting = new Map<string, (() => Promise<void>)[]>();
  const running = new Map<string, number>();

  const pump = (endpoint: string): void => {
    const tasks = waiting.get(endpoint) ?? [];
    while (tasks.length > 0 && (running.get(endpoint) ?? 0) < concurrency()) {
      const task = tasks.shift();
      running.set(endpoint, (running.get(endpoint) ?? 0) + 1);
      void task?.().finally(() => {
        running.set(endpoint, (running.get(endpoint) ?? 1) - 1);
        pump(endpoint);
        onRest();
      });
    }
  };

  return {
    add(endpoint, task) {
      const tasks = waiting.get(endpoint) ?? [];
      waiting.set(endpoint, tasks);
      tasks.push(task);
      pump(endpoint);
    },
    get busy() {
      return (
        [...running.values()].some((count) => count > 0) || [...waiting.values()].some((tasks) => tasks.length > 0)
      );
    },
    clear() {
      for (const tasks of waiting.values()) tasks.splice(0);
    },
  };
}
