/**
 * The common parts of all attacks: a printed seed, the share of a corpus that a run takes, and printed counts.
 *
 * ```sh
 * ATTACKS=whole SEED=42 pnpm exec vitest run attacks
 * ```
 */

export const seed = Number(process.env['SEED'] ?? 20_261_128);

/** The night takes the whole corpus; every other run a share that costs seconds. */
export const isWhole = process.env['ATTACKS'] === 'whole';

/** How many of an attack's cases this run takes. */
export const share = (whole: number, usual: number): number => (isWhole ? whole : usual);

/** A part of a list that is the same for a seed, in an order that is the same too. */
export function someOf<T>(all: readonly T[], usual: number): readonly T[] {
  if (isWhole || all.length <= usual) return all;
  const random = randomOf('some');
  return all
    .map((value) => ({ value, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, usual)
    .map(({ value }) => value);
}

export interface Random {
  /** 0 to 1, without 1. */
  next(): number;
  below(count: number): number;
  pick<T>(from: readonly T[]): T;
}

/** Numbers that the seed and a name decide (mulberry32). */
export function randomOf(name: string): Random {
  let state = [...name].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, seed | 0);
  const random: Random = {
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
    below: (count) => Math.floor(random.next() * count),
    pick<T>(from: readonly T[]): T {
      const chosen = from[random.below(from.length)];
      if (chosen === undefined) throw new RangeError('there is nothing to pick from');
      return chosen;
    },
  };
  return random;
}

/** Says the tries and their outcomes, to be read in the run's output. */
export function report(attack: string, counts: Readonly<Record<string, number>>): void {
  const said = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  process.stdout.write(`attack: ${attack} (seed ${seed}): ${said.join(', ')}\n`);
}

/** How often each outcome came. */
export function tally(): { readonly counts: Record<string, number>; add(outcome: string): void } {
  const counts: Record<string, number> = {};
  return {
    counts,
    add(outcome) {
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    },
  };
}
