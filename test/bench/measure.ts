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
  /** The same of the round that needed least, which other work of the machine disturbed least: what a test compares. */
  readonly leastCpuMicroseconds: number;
  /** Median over the rounds of the first contender's CPU time divided by this one's: above 1 it needs less than the first. */
  readonly againstFirst: number;
  /** Median over the rounds of the operations a second. */
  readonly perSecond: number;
  /** Median over the rounds of this one's operations a second divided by the first one's. */
  readonly rateAgainstFirst: number;
}

interface Turn {
  readonly cpu: number;
  readonly perSecond: number;
}

export interface MeasureOptions {
  /** How often each contender has its turn. Default: 7 */
  readonly rounds?: number;
  /** Operations in a turn. Default: 1,000 */
  readonly operations?: number;
  /** Operations under way at the same time. Default: 1 */
  readonly clients?: number;
}

export async function sideBySide(
  contenders: readonly Contender[],
  { rounds = 7, operations = 1_000, clients = 1 }: MeasureOptions = {},
): Promise<readonly Measured[]> {
  const turns = contenders.map((): Turn[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { run }] of contenders.entries()) {
      const turn = await turnOf(run, operations, clients);
      // The first round warms up.
      if (round > 0) turns[index]?.push(turn);
    }
  }
  const [first = []] = turns;
  return contenders.map(({ name }, index) => {
    const own = turns[index] ?? [];
    return {
      name,
      cpuMicroseconds: median(own.map(({ cpu }) => cpu)),
      leastCpuMicroseconds: Math.min(...own.map(({ cpu }) => cpu)),
      againstFirst: median(own.map(({ cpu }, round) => (first[round]?.cpu ?? Number.NaN) / cpu)),
      perSecond: median(own.map(({ perSecond }) => perSecond)),
      rateAgainstFirst: median(own.map(({ perSecond }, round) => perSecond / (first[round]?.perSecond ?? Number.NaN))),
    };
  });
}

async function turnOf(run: () => Promise<unknown>, operations: number, clients: number): Promise<Turn> {
  const began = { cpu: process.cpuUsage(), at: performance.now() };
  let left = operations;
  const client = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: clients }, client));
  const { user, system } = process.cpuUsage(began.cpu);
  return { cpu: (user + system) / operations, perSecond: (operations / (performance.now() - began.at)) * 1000 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
