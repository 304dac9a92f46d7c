/**
 * The widget in a real browser at a quarter of its processor's speed: from its script to the first billing, beside the
 * least that shows an amount and a date; fifty elements on a page; the memory of an hour of polling, on the page's own clock.
 */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { active, shownAt, snapshots } from '../widget/snapshots.ts';
import { findBrowser, quiet } from '../support/browser.ts';
import { median } from './measure.ts';

export interface WidgetFigures {
  /** Milliseconds of the page's main thread from the script to the first billing that is shown, in the median. */
  readonly oursMs: number;
  /** The same of the plain element. */
  readonly plainMs: number;
  readonly ratio: number;
  /** Of fifty elements of one account. */
  readonly fiftyMs: number;
  /** The longest task of one element's first render, and of fifty; 0: none of 50 ms. */
  readonly longestMs: number;
  readonly longestOfFiftyMs: number;
  /** Bytes of the heap after ten minutes of polling, and an hour later. */
  readonly heapBefore: number;
  readonly heapAfter: number;
  /** How often the page asked in that hour. */
  readonly asked: number;
  /** Bytes of brotli, of the script and of the plain element's. */
  readonly bytes: number;
  readonly plainBytes: number;
}

const slowedDown = 4;
const host = 'https://app.acme.example';
const widget = resolve(import.meta.dirname, '../../widget/dist/widget.js');

interface Shown {
  readonly script: string;
  readonly tag: string;
  readonly count: number;
}

export async function measureWidget(rounds = 9): Promise<WidgetFigures> {
  const scripts = { '/widget.js': await readFile(widget, 'utf8'), '/plain.js': await plainScript() };
  const browser = await chromium.launch({ executablePath: await findBrowser(), args: quiet });
  try {
    const one = { script: '/widget.js', tag: 'billhook-widget', count: 1 };
    const plain = { script: '/plain.js', tag: 'plain-element', count: 1 };
    const [ours, least, fifty]: [Render[], Render[], Render[]] = [[], [], []];
    for (let round = 0; round <= rounds; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const turn = [await render(browser, scripts, one), await render(browser, scripts, plain)] as const;
      // The first round warms up.
      if (round === 0) continue;
      ours.push(turn[0]);
      least.push(turn[1]);
      // oxlint-disable-next-line no-await-in-loop -- as above
      fifty.push(await render(browser, scripts, { ...one, count: 50 }));
    }
    const hour = await hourOfPolling(browser, scripts);
    const [oursMs, plainMs, fiftyMs] = [ours, least, fifty].map((all) => median(all.map(({ taskMs }) => taskMs)));
    const longestOf = (all: readonly Render[]) => median(all.map(({ longestMs }) => longestMs));
    return {
      oursMs: oursMs ?? Number.NaN,
      plainMs: plainMs ?? Number.NaN,
      fiftyMs: fiftyMs ?? Number.NaN,
      ratio: median(ours.map(({ taskMs }, round) => taskMs / (least[round]?.taskMs ?? Number.NaN))),
      longestMs: longestOf(ours),
      longestOfFiftyMs: longestOf(fifty),
      ...hour,
      bytes: brotliCompressSync(scripts['/widget.js']).length,
      plainBytes: brotliCompressSync(scripts['/plain.js']).length,
    };
  } finally {
    await browser.close();
  }
}

async function plainScript(): Promise<string> {
  const built = await build({
    configFile: false,
    mode: 'production',
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: resolve(import.meta.dirname, 'plain-element.ts'), formats: ['es'] },
    },
  });
  return (built as Rolldown.RolldownOutput[])[0]?.output[0].code ?? '';
}

interface Render {
  readonly taskMs: number;
  readonly longestMs: number;
}

/** A page of the host, whose token address and BFF answer at once and in the page: no network is measured. */
async function openPage(browser: Browser, scripts: Readonly<Record<string, string>>): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC' });
  const page = await context.newPage();
  await page.route('**/*', (route) => {
    const script = scripts[new URL(route.request().url()).pathname];
    return script === undefined
      ? route.fulfill({ contentType: 'text/html', body: '<!doctype html><html lang="en"><title>A host</title><body>' })
      : route.fulfill({ contentType: 'text/javascript', body: script });
  });
  return page;
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = `${part({ alg: 'none', typ: 'billhook-widget+jwt' })}.${part({ iss: 'host', sub: 'account-1', exp: 4e9, jti: 'one' })}.x`;

async function render(browser: Browser, scripts: Readonly<Record<string, string>>, shown: Shown): Promise<Render> {
  const page = await openPage(browser, scripts);
  try {
    await page.goto(host);
    await page.clock.setFixedTime(shownAt);
    const devtools = await page.context().newCDPSession(page);
    // Of the thread's processor time: other programs of the machine take none of it.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowedDown });
    const before = await taskMs(devtools);
    const longestMs = await page.evaluate(renderIn, { ...shown, token, body: JSON.stringify(active) });
    return { taskMs: (await taskMs(devtools)) - before, longestMs };
  } finally {
    await page.context().close();
  }
}

/** In the page: resolves with the longest task, when all that is shown is painted. */
async function renderIn({ script, tag, count, token, body }: Shown & { token: string; body: string }): Promise<number> {
  const json = (text: string) => new Response(text, { headers: { 'content-type': 'application/json', etag: '"1"' } });
  window.fetch = async (input) => (String(input).endsWith('/token') ? json(JSON.stringify({ token })) : json(body));
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ type: 'longtask' });
  await import(script);
  const made = Array.from({ length: count }, () => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries({ 'token-url': '/token', amount: '2900', renews: '1780000000000' }))
      element.setAttribute(name, value);
    return element;
  });
  document.body.append(...made);
  const isShown = (element: Element) =>
    element.shadowRoot?.querySelector(tag === 'plain-element' ? 'p' : '.root.ready') != null;
  while (!made.every(isShown)) await new Promise((painted) => requestAnimationFrame(painted));
  await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  return longest;
}

async function taskMs(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1_000;
}

/** A page that waits for a change all the time: its polls are held for 25 s each, of a clock that is wound on. */
async function hourOfPolling(
  browser: Browser,
  scripts: Readonly<Record<string, string>>,
): Promise<Pick<WidgetFigures, 'heapBefore' | 'heapAfter' | 'asked'>> {
  const page = await openPage(browser, scripts);
  await page.clock.install({ time: shownAt });
  await page.goto(host);
  await page.evaluate(pollIn, { token, body: JSON.stringify(snapshots.processing) });
  const devtools = await page.context().newCDPSession(page);
  const heap = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize;
  };
  const pass = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await page.clock.runFor(60_000);
    }
  };
  const asked = () => page.evaluate(() => (window as unknown as { asked: number }).asked);
  await pass(10);
  const [heapBefore, askedBefore] = [await heap(), await asked()];
  await pass(60);
  const after = { heapAfter: await heap(), asked: (await asked()) - askedBefore };
  await page.context().close();
  return { heapBefore, ...after };
}

/** In the page. */
async function pollIn({ token, body }: { token: string; body: string }): Promise<void> {
  const counted = Object.assign(window, { asked: 0 });
  const headers = { 'content-type': 'application/json', etag: '"1"' };
  window.fetch = async (input, init) => {
    if (String(input).endsWith('/token')) return new Response(JSON.stringify({ token }), { headers });
    counted.asked += 1;
    const known = new Headers(init?.headers);
    const wait = Number(/wait=(\d+)/.exec(known.get('prefer') ?? '')?.[1] ?? 0);
    if (wait > 0) await new Promise((over) => setTimeout(over, wait * 1_000));
    return known.has('if-none-match') ? new Response(null, { status: 304, headers }) : new Response(body, { headers });
  };
  await import('/widget.js' as string);
  const element = document.createElement('billhook-widget');
  element.setAttribute('token-url', '/token');
  document.body.append(element);
}
