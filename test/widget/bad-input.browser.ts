import { expect } from '@open-wc/testing';
import * as fc from 'fast-check';
import { apiUrl, problem, tokenUrl } from './bff-double.ts';
import { warningsOf } from './guard.ts';
import { configureBillhook, nextEvent, Page, settled, type Shown, type TagName } from './harness.ts';
import { active, several, snapshots } from './snapshots.ts';

const html = (status: number) =>
  new Response('<!doctype html><h1>Welcome</h1>', { status, headers: { 'content-type': 'text/html' } });

describe('bad input', () => {
  let page: Page;
  beforeEach(() => (page = new Page()));
  afterEach(() => page.close());

  for (const [name, attributes] of Object.entries({
    'an unknown theme': { theme: 'neon' },
    'an unknown target': { target: 'sideways' },
    'unknown credentials': { 'token-credentials': 'sometimes' },
    'an empty account': { account: '' },
    'an odd account': { account: '<b>"\'&\u0000 %' },
    'an unknown language': { lang: 'xx-nonsense-!!' },
  })) {
    it(`${name} changes nothing`, async () => {
      const widget = page.add('billhook-widget', attributes);
      await widget.ready();
      expect(widget.text).to.contain('Team');
      expect(widget.labels).to.deep.equal(['Manage billing']);
    });
  }

  for (const api of ['javascript:alert(1)', 'data:text/html,x', 'https://', 'http://[', 'mailto:a@b']) {
    it(`an address of a BFF that is none: ${api}`, async () => {
      const widget = page.add('billhook-widget', { api });
      await widget.until(() => widget.phase === 'failed');
      expect(widget.labels).to.deep.equal(['Try again']);
    });
  }

  const token = (value: unknown) => Response.json({ token: value });
  for (const [name, answer] of Object.entries({
    'HTML with status 500': () => html(500),
    'a problem with status 500': () => Response.json({ error: 'down' }, { status: 500 }),
    'no connection': () => Promise.reject(new TypeError('Failed to fetch')),
  })) {
    it(`a token address that answers ${name}: said, with a way on`, async () => {
      page.bff.next('token', answer);
      const failed = nextEvent(document, 'billhook-error');
      const widget = page.add();
      expect((await failed).code).to.equal('token_unavailable');
      await widget.until(() => widget.phase === 'failed');
      expect(widget.text).to.contain('cannot be reached');
      widget.button('Try again').click();
      await widget.ready();
    });
  }

  const part = (value: object) => btoa(JSON.stringify(value)).replaceAll('=', '');
  const [typ, claims] = [part({ typ: 'billhook-widget+jwt' }), part({ sub: 'account-1', exp: 4_102_444_800 })];
  for (const [name, answer] of Object.entries({
    'HTML with status 200': () => html(200),
    nothing: () => new Response(''),
    'JSON without a token': () => Response.json({}),
    'JSON that is null': () => Response.json(null),
    'a token that is a number': () => token(5),
    'an empty token': () => token(''),
    'a CSRF token': () => token('x'.repeat(64)),
    'a JWT of another type': () => token(`${part({ typ: 'JWT' })}.${claims}.x`),
    'a JWT without a signature': () => token(`${typ}.${claims}.`),
    'a JWT of five parts': () => token(`${typ}.${claims}.x.x.x`),
    'a JWT with characters of its own': () => token(`${typ}.${claims}.x y`),
    'a JWT without claims': () => token(`${typ}.e.x`),
  })) {
    it(`a token address that answers ${name}: nothing is sent, nothing is shown, and it is no error`, async () => {
      page.bff.next('token', answer());
      let errors = 0;
      document.addEventListener('billhook-error', () => errors++, { once: true });
      const widget = page.add();
      await widget.until(() => widget.phase === 'hidden');
      expect([errors, widget.text, page.bff.to('billing').length]).to.deep.equal([0, '', 0]);
    });
  }

  for (const [status, code] of [
    [401, 'token_invalid'],
    // F15: a second token, just minted, is refused as the first one was: the host's clock is behind.
    [401, 'token_expired'],
    [403, 'origin_not_allowed'],
  ] as const) {
    it(`L40: a fault of the set-up, refused with ${status}: calm words with the code, and one console warning`, async () => {
      page.bff.next('billing', ...Array.from({ length: status === 401 ? 2 : 1 }, () => problem(status, code)));
      const failed = nextEvent(document, 'billhook-error');
      const widget = page.add();
      const warnings = await warningsOf(async () => {
        expect((await failed).code).to.equal(code);
        await widget.until(() => widget.phase === 'failed');
      });
      expect(warnings).to.deep.equal([`billhook: ${code}: ${code}`]);
      expect(widget.text).to.contain(`Billing cannot be opened right now (code: ${code}). Nothing was changed.`);
      page.bff.next('billing', page.bff.billing());
      widget.button('Try again').click();
      await widget.ready();
    });
  }

  const warningsAtFailure = async (widget: Shown) =>
    (
      await warningsOf(async () => {
        await nextEvent(document, 'billhook-error');
        await widget.until(() => widget.phase === 'failed');
      })
    ).map((line) => line.replace(apiUrl, '<api>'));

  for (const [name, answer, warning] of [
    ['HTML with status 200', () => html(200), 'billhook: response_malformed: <api>'],
    ['HTML with status 404', () => html(404), 'billhook: unreachable: <api>'],
    ['404 of the BFF itself', () => problem(404, 'not_found'), 'billhook: not_found: not_found'],
  ] as const) {
    it(`N14: an address of a BFF that answers ${name}: one console warning`, async () => {
      page.bff.next('billing', answer());
      expect(await warningsAtFailure(page.add())).to.deep.equal([warning]);
    });
  }

  it('N14: a `getToken` that throws: one console warning', async () => {
    configureBillhook({ getToken: () => Promise.reject(new Error('the host’s own fault')) });
    const widget = page.add();
    widget.element.removeAttribute('token-url');
    expect(await warningsAtFailure(widget)).to.deep.equal(['billhook: token_unavailable: Error: the host’s own fault']);
    expect(widget.text).to.contain('Billing cannot be reached right now.').and.not.contain('fault');
  });

  it('N14: a token address that fails is named in the console, with its status', async () => {
    page.bff.next('token', html(503));
    expect(await warningsAtFailure(page.add())).to.deep.equal([`billhook: token_unavailable: 503 ${tokenUrl}`]);
  });

  it('an unknown state, action and offer: the plan, and the known actions', async () => {
    page.bff.snapshot = {
      ...active,
      state: 'dreaming' as never,
      mood: 'good',
      actions: [{ purpose: 'fly', via: 'portal', flow: null } as never, { purpose: 'swim', via: 'water' } as never],
    } as never;
    const widget = page.add();
    await widget.ready();
    expect(widget.text).to.contain('Team');
    expect(widget.labels).to.deep.equal(['Manage billing']);
  });

  for (const [name, document_] of Object.entries({
    'a list that is none': { ...active, actions: 'manage' },
    'a list of nothing': { ...active, subscriptions: [null, null] },
    'a revision that is a number': { ...active, revision: 5 },
    'a date that is none': { ...active, renewsAt: 'soon' },
    'a price without a currency': { ...active, plan: { ...active.plan, price: { amount: 5 } } },
    'no payment': { ...active, payment: undefined },
  })) {
    it(`a snapshot with ${name}: a failed reading, and fine after the next`, async () => {
      page.bff.next('billing', Response.json(document_));
      const failed = nextEvent(document, 'billhook-error');
      const widget = page.add();
      expect((await failed).code).to.equal('response_malformed');
      await widget.reads('Billing cannot be reached right now.');
      widget.button('Try again').click();
      await widget.reads('Team');
      expect(widget.labels).to.deep.equal(['Manage billing']);
    });
  }

  it('for any snapshot the element shows the billing, or a failure with a next step', async () => {
    const tags: TagName[] = [
      'billhook-widget',
      'billhook-plan-status',
      'billhook-past-due-banner',
      'billhook-manage-button',
    ];
    const outcomes = { ready: 0, failed: 0 };
    const documents = fc.constantFrom<unknown>(...Object.values(snapshots), several);
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('', 'x', -1, 1e21, null, [], {}, [[]], 'e1.x'));
    const changes = fc.array(fc.tuple(fc.nat(), odd, fc.boolean()), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(documents, changes, async (whole, mangles) => {
        const mangled = mangles.reduce((value, [at, by, gone]) => mangle(value, at, by, gone), structuredClone(whole));
        page.bff.next('billing', Response.json(mangled));
        const shown = tags.map((tag) => page.add(tag));
        try {
          const [widget] = shown;
          await widget?.until(() => /^(ready|failed)$/.test(widget.phase));
          const phase = widget?.phase as 'ready' | 'failed';
          outcomes[phase]++;
          if (phase === 'failed') expect(widget?.labels).to.deep.equal(['Try again']);
          // A field that is missing leaves no hole in the words.
          if (mangles.every(([, , gone]) => gone)) {
            for (const { text } of shown)
              expect(text, JSON.stringify(mangled)).not.to.match(/undefined|NaN|null|\[object/);
          }
        } finally {
          for (const { element } of shown) element.remove();
          await settled();
        }
      }),
      { seed: 11, numRuns: 120, includeErrorInReport: true },
    );
    expect(Math.min(outcomes.ready, outcomes.failed), JSON.stringify(outcomes)).to.be.greaterThan(10);
  });
});

/** Another value in one place of a document, or nothing. */
function mangle(value: unknown, at: number, by: unknown, gone: boolean): unknown {
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const walk = (holder: unknown): void => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push([holder as Record<string, unknown>, key]);
      walk((holder as Record<string, unknown>)[key]);
    }
  };
  walk(value);
  const place = places[at % Math.max(1, places.length)];
  if (place && gone) Reflect.deleteProperty(...place);
  else if (place) place[0][place[1]] = by;
  return value;
}
