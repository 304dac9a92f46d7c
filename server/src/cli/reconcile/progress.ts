/** How far a reconciliation is: a bar for a person, a line now and then for a log. Both go to standard error. */

import { Presets, SingleBar } from 'cli-progress';
import type { ReconcileProgress } from '../../background/reconcile-progress.ts';

export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface ProgressDisplay {
  /** @param customers - how many customers the ledger has */
  show(progress: ReconcileProgress, customers: number): void;
  say(line: string): void;
  end(): void;
}

const phases: Record<ReconcileProgress['phase'], string> = {
  stripe: "Stripe's subscriptions",
  ledger: "the ledger's customers",
  unseen: 'once more: those that failed',
};

/** Milliseconds between two lines where there is no terminal. */
const lineEveryMs = 10_000;

export function showProgress(screen: Screen): ProgressDisplay {
  return screen.isTTY === true ? bar(screen) : lines(screen);
}

function bar(screen: Screen): ProgressDisplay {
  const drawn = new SingleBar(
    {
      // The screen is this process's standard error, which the type asks for by its full name.
      stream: screen as NodeJS.WriteStream,
      format: '{phase} [{bar}] {value}/{total} · {duration_formatted}',
      clearOnComplete: true,
      hideCursor: false,
    },
    Presets.rect,
  );
  return {
    show({ phase, visited, unseen }, customers) {
      if (phase === 'unseen' && unseen.length === 0) return;
      const total = Math.max(customers, visited, 1);
      const payload = { phase: phases[phase] };
      if (!drawn.isActive) drawn.start(total, visited, payload);
      drawn.setTotal(total);
      drawn.update(phase === 'unseen' ? total : visited, payload);
    },
    say: (line) => void screen.write(`${line}\n`),
    end: () => drawn.stop(),
  };
}

function lines(screen: Screen): ProgressDisplay {
  let [saidAt, saidOf] = [Number.NEGATIVE_INFINITY, ''];
  return {
    show({ phase, visited, subscriptions, unseen }, customers) {
      if (phase === 'unseen' && unseen.length === 0) return;
      const now = performance.now();
      if (phase === saidOf && now - saidAt < lineEveryMs) return;
      [saidAt, saidOf] = [now, phase];
      const far =
        phase === 'stripe'
          ? `${subscriptions} so far`
          : phase === 'ledger'
            ? `${visited} of ${customers}`
            : String(unseen.length);
      screen.write(`${phases[phase]}: ${far}\n`);
    },
    say: (line) => void screen.write(`${line}\n`),
    end: () => undefined,
  };
}
