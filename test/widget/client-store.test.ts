/** The state of one account on a page: the document that is kept, and the news of it. */
import { describe, expect, it } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { ClientStore } from '../../widget/src/client/client-store.ts';
import { BillhookError } from '../../widget/src/page/errors.ts';
import { active, snapshots } from './snapshots.ts';

const revised = (counter: number, own: Partial<BillingSnapshot> = {}) => ({
  ...active,
  revision: `e1.${counter}`,
  ...own,
});

function listened() {
  const store = new ClientStore();
  const heard: string[] = [];
  for (const name of ['a', 'b']) {
    store.subscribers.add({
      whole: false,
      changed: () => heard.push(`${name} changed`),
      snapshotChanged: (next, previous) => heard.push(`${name} ${previous?.revision ?? 'none'} → ${next.revision}`),
      failed: ({ code }) => heard.push(`${name} ${code}`),
    });
  }
  const hear = (act: () => void) => {
    heard.length = 0;
    act();
    return [...heard];
  };
  return { store, hear };
}

it('tells all who listen of each change, and of a failure', () => {
  const { store, hear } = listened();
  expect(hear(() => store.set({ signedOut: true }))).toEqual(['a changed', 'b changed']);
  expect(store.state).toMatchObject({ signedOut: true, snapshot: null });
  expect(hear(() => store.report(new BillhookError('offline')))).toEqual(['a offline', 'b offline']);
});

describe('a document', () => {
  const failed = new BillhookError('stripe_rejected', 502);

  it('is news where it differs from the one that is known, in more than when and how it was confirmed', () => {
    const { store, hear } = listened();
    expect(hear(() => store.apply(revised(1), 1))).toEqual([
      'a changed',
      'b changed',
      'a none → e1.1',
      'b none → e1.1',
    ]);
    store.set({ openFailure: failed });
    expect(hear(() => store.apply(revised(1, { asOf: null, confirmedBy: 'poll' as never }), 2))).toHaveLength(2);
    expect(store.state).toMatchObject({ confirmedAt: 2, openFailure: failed, snapshot: { asOf: null } });
    expect(hear(() => store.apply(revised(2), 3))).toContain('b e1.1 → e1.2');
    expect(store.state, 'a failed opening was about the billing as it was').toMatchObject({ openFailure: null });
  });

  it('ends every failure of before in one change, also of a press that had no answer', () => {
    const { store, hear } = listened();
    store.apply(revised(1), 1);
    store.set({ failure: failed, failures: 2, openFailure: new BillhookError('offline') });
    expect(hear(() => store.apply(revised(1), 2))).toEqual(['a changed', 'b changed']);
    expect(store.state).toMatchObject({ failure: null, failures: 0, signedOut: false, openFailure: null });
  });

  it('that is older, or none, vouches for the one that is known', () => {
    const { store, hear } = listened();
    expect(hear(() => store.apply(null, 1))).toEqual([]);
    store.apply(revised(2), 1);
    for (const [i, old] of [revised(1), null].entries()) {
      expect(hear(() => store.apply(old, i + 2))).toEqual(['a changed', 'b changed']);
      expect(store.state).toMatchObject({ snapshot: { revision: 'e1.2' }, confirmedAt: i + 2 });
    }
  });

  it('brings changes of the same moment', () => {
    const { store } = listened();
    store.apply(revised(1), 1, { visit: 'changed', openFailure: failed });
    expect(store.state).toMatchObject({ visit: 'changed', openFailure: failed });
  });
});

describe('trouble', () => {
  const { pastDue } = snapshots;
  const alerting = (...documents: readonly BillingSnapshot[]) => {
    const { store } = listened();
    return documents.map((document, i) => {
      store.apply({ ...document, revision: `e1.${i}` }, i);
      return store.state.alerting;
    });
  };

  it('may be said at once where it began on this page, and for as long as it lasts', () => {
    expect(alerting(active, pastDue, { ...pastDue, stale: true }, active, pastDue)).toEqual([
      false,
      true,
      true,
      false,
      true,
    ]);
  });

  it('is not said at once where the page found it so', () => {
    expect(alerting(pastDue, { ...pastDue, stale: true })).toEqual([false, false]);
  });
});
