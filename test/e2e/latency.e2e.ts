/**
 * How long people wait, as they see it: from the click on the portal's "back" to the settled state on the screen, and
 * from the 200 that a webhook was answered to the new state on a page that waits. Printed; never asserted but for order.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import process from 'node:process';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BillingSnapshot, VisitReturn } from '@billhook/widget/contract';
import type { StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { openDemoBrowser, widgetOf, type DemoBrowser } from './demo-browser.ts';

/** `RETURNS=20` every night. A multiple of four: each cancellation is taken back, for the tests after it begin with a plan. */
const returns = Number(process.env['RETURNS'] ?? 12);
const webhooks = 20;

let demoBrowser: DemoBrowser;
beforeAll(async () => {
  demoBrowser = await openDemoBrowser();
});
afterAll(async () => {
  await demoBrowser.close();
  expect(demoBrowser.troubles).toEqual([]);
});

type Measured = (what: string, at: number) => void;

/** In every page: when "back" was clicked, when there was something to see, and when what the widget says was painted. */
function watchPage(): void {
  const now = () => performance.timeOrigin + performance.now();
  const tell = (what: string, at: number) => void (Reflect.get(window, 'measured') as Measured)(what, at);
  addEventListener(
    'click',
    ({ target }) => {
      if (target instanceof Element && target.closest('a.back')) tell('back', now());
    },
    { capture: true },
  );
  requestAnimationFrame(() => requestAnimationFrame(() => tell('first frame', now())));
  let said = '';
  const look = () => {
    const root = document.querySelector('billhook-widget')?.shadowRoot;
    const note = root?.querySelector('[part=note]')?.textContent?.trim() ?? '';
    const status = root?.querySelector('[part=status]')?.textContent?.trim() ?? '';
    const words = `${note}|${status}`;
    if (words !== said) {
      said = words;
      // The frame after the one that drew it: by then it was painted.
      requestAnimationFrame(() => tell(words, now()));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

interface Watched {
  readonly page: Page;
  /** When this was painted for the first time after `since`. */
  painted(words: RegExp, since: number): Promise<number>;
  backClicked(since: number): Promise<number>;
}

async function watched(page: Page): Promise<Watched> {
  const seen: { what: string; at: number }[] = [];
  let wake = () => {};
  const measured: Measured = (what, at) => {
    seen.push({ what, at });
    wake();
  };
  await page.exposeFunction('measured', measured);
  await page.addInitScript(watchPage);
  await page.reload();
  const first = async (matches: (what: string) => boolean, since: number): Promise<number> => {
    for (;;) {
      const found = seen.find(({ what, at }) => at >= since && matches(what));
      if (found) return found.at;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return {
    page,
    painted: (words, since) => first((what) => words.test(what), since),
    backClicked: (since) => first((what) => what === 'back', since),
  };
}

function summary(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms (${sorted.length})`;
}

describe.each([0, 300])('with Stripe answering in %i ms', (stripeMs) => {
  it(`"back" → settled state painted, over ${returns} returns`, async () => {
    const { sandbox } = demoBrowser.demo;
    if (!sandbox) throw new Error('the demo runs on the sandbox');
    const { page, painted, backClicked } = await watched(await demoBrowser.signIn('Alder Works'));
    const widget = widgetOf(page);
    await widget
      .getByText(/^Active$/)
      .first()
      .waitFor();
    const unchanged: number[] = [];
    const changed: number[] = [];
    const hostPage: number[] = [];

    for (let round = 0; round < returns; round++) {
      const change = round % 2 === 1;
      await widget
        .getByRole('button', { name: /Manage billing|Keep my plan/ })
        .first()
        .click();
      const link = page.getByRole('link', { name: /Return to/ });
      await link.waitFor();
      if (change) await changePlan(sandbox, round % 4 === 1);
      // Only the way back is measured, so only there Stripe takes its time.
      sandbox.faults.latencyMs = stripeMs;
      const since = Date.now() - 1;
      await link.click();
      const clicked = await backClicked(since);
      const settled = change ? /^(?:Canceled\. |Your plan continues)/ : /^Nothing changed/;
      (change ? changed : unchanged).push((await painted(settled, since)) - clicked);
      sandbox.faults.latencyMs = 0;
      hostPage.push((await painted(/^first frame$/, clicked)) - clicked);
    }
    await page.context().close();

    const settledAfter = [...unchanged, ...changed];
    expect(settledAfter).toHaveLength(returns);
    expect(Math.min(...settledAfter), 'nothing settles before Stripe has answered').toBeGreaterThan(stripeMs);
    process.stdout.write(
      `\n  Stripe ${stripeMs} ms: "back" → settled painted: ${summary(settledAfter)}` +
        `; unchanged ${summary(unchanged)}; changed ${summary(changed)}\n` +
        `  Stripe ${stripeMs} ms: beyond Stripe's one call: ${summary(settledAfter.map((ms) => ms - stripeMs))}` +
        `; "back" → first frame of the host's page, which no widget is in yet: ${summary(hostPage)}\n`,
    );
  });
});

it(`webhook answered 200 → waiting page painted, over ${webhooks} webhooks`, async () => {
  const { sandbox } = demoBrowser.demo;
  if (!sandbox) throw new Error('the demo runs on the sandbox');
  const { page, painted } = await watched(await demoBrowser.signIn('Alder Works'));
  const widget = widgetOf(page);
  await widget
    .getByText(/^Active$/)
    .first()
    .waitFor();
  const { waits } = heldPolls(page);
  // A return that found nothing yet: for 40 s the page waits for what may still come.
  const returned = async () => {
    await widget.getByRole('button', { name: 'Manage billing' }).click();
    await page.getByRole('link', { name: /Return to/ }).click();
    await widget.getByText('Nothing changed.').last().waitFor();
    await waits();
  };

  const answers: number[] = [];
  const answered = (message: unknown) => {
    const { request, response } = message as { request: { path: string }; response: { statusCode: number } };
    if (request.path === '/v1/webhooks/stripe' && response.statusCode === 200) answers.push(Date.now());
  };
  subscribe('undici:request:headers', answered);
  const taken: number[] = [];
  for (let round = 0; round < webhooks; round++) {
    // However slow the machine is, the next rounds come within these 40 s.
    if (round % 4 === 0) await returned();
    answers.length = 0;
    const cancel = round % 2 === 0;
    const since = Date.now() - 1;
    await changePlan(sandbox, cancel);
    const at = await painted(cancel ? /\|Canceled$/ : /\|Active$/, since);
    // The sync begins with the first hint, so the wait is counted from there.
    expect(answers.length).toBeGreaterThan(0);
    taken.push(at - Math.min(...answers));
    // The next change comes to a page that waits again, as the first one did.
    await waits();
  }
  unsubscribe('undici:request:headers', answered);
  await page.context().close();

  // A customer that changes on and on goes first ten times, and then no more often than any other (`FirstTurns`).
  process.stdout.write(
    `\n  webhook 200 → waiting page painted: ${summary(taken.slice(0, 10))}; on and on ${summary(taken.slice(10))}\n`,
  );
});

/** A page's held polls: an answer that tells of more to come, such as the next payment, is followed by another one soon. */
function heldPolls(page: Page): { waits(): Promise<void> } {
  let awaitsMore: Promise<boolean> = Promise.resolve(true);
  let isHeld = false;
  let wake = () => {};
  const isOfBilling = (url: string) => url.endsWith('/v1/billing');
  page.on('response', (response) => {
    const isReturn = response.url().endsWith('/v1/visits/return');
    if (!isReturn && !isOfBilling(response.url())) return;
    if (!isReturn) isHeld = false;
    if (response.status() !== 200) return;
    // A return's answer has the snapshot in it, and may be the one that brings what was awaited.
    awaitsMore = response
      .json()
      .then((answer: BillingSnapshot | VisitReturn) => ('snapshot' in answer ? answer.snapshot : answer))
      .then(({ nextPaymentAwaited }) => nextPaymentAwaited === true)
      // The page was left before its answer was read.
      .catch(() => true);
    void awaitsMore.then(() => wake());
  });
  page.on('request', (request) => {
    if (!isOfBilling(request.url()) || !('prefer' in request.headers())) return;
    isHeld = true;
    wake();
  });
  return {
    /** Resolves while one is held that a change alone will answer. */
    async waits() {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- one poll after the other
        if (isHeld && !(await awaitsMore)) return;
        // oxlint-disable-next-line no-await-in-loop -- as above
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

/** A change through Stripe's API, as by a colleague or by the host's own code. */
async function changePlan(sandbox: StripeSandbox, cancel: boolean): Promise<void> {
  const { host, port } = sandbox.stripeClientOptions();
  const customer = demoBrowser.demo.accounts.find(({ workspace }) => workspace === 'Alder Works')?.customer;
  const subscription = sandbox.state.subscriptions.list().find((each) => each.customer === customer);
  const response = await fetch(`http://${host}:${port}/v1/subscriptions/${subscription?.id}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${sandbox.secretKey}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: `cancel_at_period_end=${cancel}`,
  });
  if (!response.ok) throw new Error(`the sandbox answered ${response.status}: ${await response.text()}`);
}
