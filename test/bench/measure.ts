/**
 * Measures side by side: every round runs each contender once, so a machine that slows down slows all of them, and the
 * ratio of two contenders in one round holds where neither figure alone does.
 */

export interface Contender {
  readonly name: string;
  /** One operation. */
  run(): Promise<unknown>;
}

export interface Measured {
  readonly name: string;
  /** Median over the rounds of the process's CPU time for one operation, in microseconds. */
  readonly cpuMicroseconds: number;
  /** Median over the rounds of the first contender's CPU time divided by this one's: above 1 it needs less than the first. */
  readonly againstFirst: number;
}

/**
 * @param options.rounds - how often each contender has its turn. Default: 7
 * @param options.operations - operations in a turn. Default: 1,000
 */
export async function sideBySide(
  contenders: readonly Contender[],
  { rounds = 7, operations = 1_000 }: { readonly rounds?: number; readonly operations?: number } = {},
): Promise<readonly Measured[]> {
  const turns = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { run }] of contenders.entries()) {
      const cpu = await cpuOf(run, operations);
      // The first round warms up.
      if (round > 0) turns[index]?.push(cpu);
    }
  }
  const [first = []] = turns;
  return contenders.map(({ name }, index) => {
    const own = turns[index] ?? [];
    return {
      name,
      cpuMicroseconds: median(own),
      againstFirst: median(own.map((cpu, round) => (first[round] ?? Number.NaN) / cpu)),
    };
  });
}

async function cpuOf(run: () => Promise<unknown>, operations: number): Promise<number> {
  const began = process.cpuUsage();
  for (let done = 0; done < operations; done += 1) await run();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / operations;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
