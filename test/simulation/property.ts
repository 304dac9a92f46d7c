/**
 * Many histories from one seed, which is always printed.
 *
 * ```sh
 * SEED=42 HISTORIES=2000 pnpm exec vitest run ledger/histories
 * SEED=42 HISTORY=17:3:0 pnpm exec vitest run ledger/histories    # one history again, by the path that a failure names
 * ```
 */

import { asyncProperty, check } from 'fast-check';
import { histories } from './history.ts';
import type { OpenLedger } from './ledger-under-test.ts';
import { liveThrough, type Tally } from './run-scenario.ts';

export const usualSeed = 20_260_301;
export const seed = Number(process.env['SEED'] ?? usualSeed);
const path = process.env['HISTORY'];

/** How many histories one run lives through. */
export const runs = Number(process.env['HISTORIES'] ?? 250);

/** Milliseconds in which a broken history is made as small as may be. */
const shrinkingMs = 60_000;

export interface Outcome {
  readonly lived: number;
  readonly tally: Tally;
  /** The broken promise, with the smallest history that breaks it and how to repeat it; `null` when every promise held. */
  readonly broken: string | null;
}

/**
 * Lives through `numRuns` histories, or until a promise breaks.
 *
 * @param shrink - whether a broken history is to be made smaller.
 * @param from - how many of the seed's histories to pass over. Default: 0.
 */
export async function play(open: OpenLedger, numRuns: number, shrink: boolean, from = 0): Promise<Outcome> {
  const tally = {
    steps: 0,
    deliveries: 0,
    crashes: 0,
    requests: 0,
    versions: 0,
    reads: 0,
    torn: 0,
    notices: 0,
    told: 0,
    debts: 0,
    restores: 0,
    kept: 0,
  };
  const property = asyncProperty(histories, async (history) => {
    const lived = await liveThrough(history, open);
    for (const key of Object.keys(tally) as (keyof Tally)[]) tally[key] += lived[key];
  });
  const found = await check(property, {
    seed,
    numRuns,
    endOnFailure: true,
    path: path ?? String(from),
  });
  const lived = from + found.numRuns;
  if (!found.failed) return { lived, tally, broken: null };
  const smallest =
    shrink && found.counterexamplePath !== null
      ? await check(property, {
          seed,
          path: found.counterexamplePath,
          numRuns: 1,
          interruptAfterTimeLimit: shrinkingMs,
        })
      : found;
  const { counterexamplePath, counterexample, errorInstance } = smallest.failed ? smallest : found;
  const cause = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const broken = `${cause}\n\nSEED=${seed} HISTORY=${counterexamplePath}\n${JSON.stringify(counterexample?.[0])}`;
  return { lived, tally, broken };
}

const counted = (count: number, what: string) => `${count.toLocaleString('en')} ${what}`;

/** The run's figures, in one line. */
export function told({ lived, tally }: Outcome): string {
  const {
    steps,
    crashes,
    deliveries,
    requests,
    versions,
    reads,
    torn,
    notices,
    told: toldTrips,
    debts,
    restores,
    kept,
  } = tally;
  return [
    counted(lived, `histories (seed ${seed})`),
    counted(steps, 'steps'),
    counted(crashes, 'crashes'),
    counted(deliveries, 'deliveries'),
    counted(versions, 'versions of customers'),
    counted(requests, 'requests to Stripe'),
    counted(torn, 'torn looks read'),
    counted(notices, 'notices heard'),
    counted(toldTrips, 'returns told'),
    counted(debts, 'debts at the end'),
    counted(restores, 'restores'),
    counted(kept, 'documents that a page had'),
    counted(reads, 'reads'),
  ].join(', ');
}
