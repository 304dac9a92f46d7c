/** Which language the elements speak, from which file, and what they do until it is there or when it never comes. */
import { expect } from '@open-wc/testing';
import { shippedLocales } from '../../widget/src/i18n/match-locale.ts';
import { en } from './english.ts';
import { apiUrl, visitReturn } from './bff-double.ts';
import { comeBack, configureBillhook, nextEvent, Page, settled, type Shown } from './harness.ts';
import { active, pro, snapshots } from './snapshots.ts';

const html = document.documentElement;
/** Not the double's. */
const realFetch = window.fetch.bind(window);
const de = { label: 'Abrechnung verwalten', renews: 'Verlängert sich am 3. Juni 2027' };
const fr = 'Gérer la facturation';
const inEnglish = 'Manage billing';

/** The language and direction that stand at the words. */
const spoken = (shown: Shown): (string | null | undefined)[] => {
  const root = shown.root.querySelector('.root');
  return [root?.getAttribute('lang'), root?.getAttribute('dir')];
};

describe('languages', () => {
  let page: Page;
  const errors: unknown[] = [];
  const caught = (event: ErrorEvent | PromiseRejectionEvent) =>
    errors.push('reason' in event ? event.reason : event.error);
  beforeEach(() => {
    page = new Page();
    errors.length = 0;
    addEventListener('error', caught);
    addEventListener('unhandledrejection', caught);
  });
  afterEach(async () => {
    await page.close();
    removeEventListener('error', caught);
    removeEventListener('unhandledrejection', caught);
    html.dir = '';
    // No trouble with a locale file becomes an error of the page.
    expect(errors).to.deep.equal([]);
  });

  /** Locale files are kept for the life of the page, so a test that looks at fetching needs an address of its own. */
  let files = 0;
  const freshFile = (tag = 'de'): string => {
    const address = `/widget/src/i18n/locales/${tag}.json?${files++}#.json`;
    configureBillhook({ locales: { [tag]: address } });
    return address;
  };
  const localeRequests = () => page.bff.to('locale').map(({ address }) => address);

  // First: the file is kept for the life of the page, as soon as a test has brought it.
  describe('an English word that is not in the script', () => {
    const address = `${apiUrl}widget/locales/en.json`;
    const changed = () => visitReturn('changed', active, { kind: 'keeps' });
    const comesBack = async () => {
      sessionStorage.setItem(`billhook-visit:${apiUrl} `, '{"id":"visit-1"}');
      page.bff.next('visits/return', changed());
      const widget = page.add();
      await page.bff.arrival('visits/return');
      return widget;
    };

    it('that cannot be had leaves words that are', async () => {
      page.bff.next('locale', new Response('', { status: 503 }));
      const widget = await comesBack();
      await widget.reads(en.changed);
      expect(localeRequests()).to.deep.equal([address]);
      widget.element.remove();
      comeBack();
    });

    it('is asked for once; until it is there, what is shown stays', async () => {
      const held = page.bff.hold('locale');
      const asked = page.bff.arrival('locale');
      const widget = await comesBack();
      await asked;
      await settled();
      expect(widget.text).not.to.contain(en.changed);
      held.release(await realFile('en'));
      await widget.reads(en['change.renews'].replace('{date}', 'June 3, 2027'));
      expect(localeRequests()).to.deep.equal([address]);
      comeBack();
    });
  });

  describe('each language, in a real browser', () => {
    for (const tag of ['en', ...shippedLocales]) {
      it(`${tag}: its words, lang and dir in every key state`, async () => {
        const of = (await (await realFile(tag)).json()) as Record<string, string>;
        html.lang = tag;
        for (const [state, title] of [
          ['active', null],
          ['pastDue', 'banner.pastDue'],
          ['restricted', 'banner.restricted'],
          ['actionRequired', 'banner.actionRequired'],
        ] as const) {
          page.bff.snapshot = snapshots[state];
          const widget = page.add();
          await widget.ready();
          expect(spoken(widget)).to.deep.equal([tag, tag === 'ar' ? 'rtl' : 'ltr']);
          expect(widget.labels).to.include(of['action.manage']);
          expect(widget.part('status')?.textContent).to.equal(of[`state.${state}`]);
          if (title) expect(widget.text).to.include(of[title]);
          expect(widget.root.querySelector('.root')?.getAttribute('aria-busy')).to.equal('false');
          widget.element.remove();
          await settled();
        }
      });
    }
  });

  it('one file for all elements, from the BFF, without cookies, and once for the life of the page', async () => {
    const address = freshFile();
    html.lang = 'de-AT';
    const all = [page.add(), page.add('billhook-plan-status'), page.add('billhook-manage-button')];
    for (const each of all) await each.ready();
    expect(localeRequests()).to.deep.equal([address]);
    for (const each of all) expect(spoken(each)).to.deep.equal(['de-AT', 'ltr']);
    const later = page.add();
    await later.reads(de.renews);
    expect(localeRequests()).to.deep.equal([address]);
  });

  it('asks the BFF where the host brings nothing of its own; in English it asks nothing', async () => {
    const english = page.add();
    await english.ready();
    expect(localeRequests()).to.deep.equal([]);
    html.lang = 'nl';
    await english.reads('Facturering beheren');
    // Another test may have brought it already.
    expect([[], [`${apiUrl}widget/locales/nl.json`]]).to.deep.include(localeRequests());
  });

  it('says nothing before the words are there, and keeps the room', async () => {
    freshFile('ar');
    html.lang = 'ar';
    const held = page.bff.hold('locale');
    const widget = page.add('billhook-plan-status');
    await page.bff.arrival('billing');
    await settled();
    expect(widget.phase).to.equal('loading');
    expect(widget.text).to.equal('');
    expect(widget.announced).to.equal('');
    expect([...widget.root.querySelectorAll('.visually-hidden')].map((each) => each.textContent)).to.deep.equal(['']);
    // The language to come already decides the direction of the placeholder bars.
    expect(spoken(widget)).to.deep.equal(['ar', 'rtl']);
    const before = widget.element.getBoundingClientRect().height;
    held.release(await realFile('ar'));
    await widget.reads('نشط');
    expect(widget.element.getBoundingClientRect().height).to.equal(before);
  });

  for (const tag of ['en', ...shippedLocales]) {
    for (const [element, width] of [
      ['billhook-plan-status', 500],
      ['billhook-manage-button', 240],
    ] as const) {
      it(`${element} in ${tag} moves nothing below it when it arrives, at ${width} px`, async () => {
        freshFile(tag);
        html.lang = tag;
        const words = page.bff.hold('locale');
        const billing = page.bff.hold('billing');
        const shown = page.add(element);
        shown.element.style.width = `${width}px`;
        await page.bff.arrival('billing');
        await shown.element.updateComplete;
        const before = shown.element.getBoundingClientRect().height;
        words.release(await realFile(tag));
        await settled();
        const between = shown.element.getBoundingClientRect().height;
        billing.release(page.bff.billing());
        await shown.ready();
        expect([between, shown.element.getBoundingClientRect().height]).to.deep.equal([before, before]);
      });
    }
  }

  describe('a file that does not come', () => {
    const answers: readonly [string, () => Response | Promise<Response>][] = [
      ['404', () => new Response('Not found', { status: 404 })],
      ['500 with JSON', () => Response.json({ loading: 'x' }, { status: 500 })],
      ['HTML', () => new Response('<!doctype html><p>Welcome</p>', { headers: { 'content-type': 'text/html' } })],
      ['an empty body', () => new Response('')],
      ['JSON without words', () => Response.json({ error: 'no such page' })],
      ['a list', () => Response.json(['loading'])],
      ['null', () => Response.json(null)],
      ['half a file', () => new Response('{"loading": "Ihr Ta')],
      ['a network that fails', () => Promise.reject(new TypeError('Failed to fetch'))],
    ];
    for (const [what, answer] of answers) {
      it(`${what}: English, and it says so in lang`, async () => {
        freshFile();
        html.lang = 'de-CH';
        page.bff.next('locale', answer);
        const widget = page.add();
        await widget.ready();
        expect(widget.labels).to.deep.equal([inEnglish]);
        expect(spoken(widget)).to.deep.equal(['en', 'ltr']);
        expect(localeRequests()).to.have.length(1);
      });
    }

    it('one that is wrong in a word shows the wrong word, and throws nothing', async () => {
      freshFile();
      html.lang = 'de';
      page.bff.next('locale', Response.json({ 'action.manage': 5, 'hint.portal': null, 'state.active': { a: 1 } }));
      const widget = page.add();
      await widget.ready();
      expect(widget.labels).to.deep.equal(['5']);
    });

    it('is asked for again by who comes later: a failure is not remembered', async () => {
      freshFile();
      html.lang = 'de';
      page.bff.next('locale', new Response('', { status: 503 }));
      const first = page.add();
      await first.ready();
      expect(first.labels).to.deep.equal([inEnglish]);
      const second = page.add();
      await second.reads(de.renews);
      expect(localeRequests()).to.have.length(2);
    });

    it('is asked for again when the BFF, too, was away and is back', async () => {
      freshFile();
      html.lang = 'de';
      const away = () => Promise.reject(new TypeError('Failed to fetch'));
      page.bff.next('locale', away, away);
      page.bff.next('billing', away);
      const widget = page.add();
      await nextEvent(widget.element, 'billhook-error');
      await widget.reads('Billing cannot be reached');
      widget.button('Try again').click();
      await widget.reads(de.renews);
      expect(spoken(widget)).to.deep.equal(['de', 'ltr']);
    });

    it('is not waited for longer than five seconds', async () => {
      const { setTimeout: real } = window;
      const limits: [() => void, number][] = [];
      window.setTimeout = ((then: () => void, after = 0) => {
        if (after === 5000) limits.push([then, after]);
        return real(then, after);
      }) as typeof setTimeout;
      try {
        freshFile();
        html.lang = 'de';
        page.bff.hold('locale');
        const asked = page.bff.arrival('locale');
        const widget = page.add();
        const { signal } = await asked;
        expect(limits).to.have.length(1);
        limits[0]?.[0]();
        expect(signal?.aborted).to.equal(true);
        await widget.ready();
        expect(widget.labels).to.deep.equal([inEnglish]);
      } finally {
        window.setTimeout = real;
      }
    });
  });

  describe('a page whose language changes', () => {
    it('is followed, and back; nothing blinks while the words are on their way', async () => {
      freshFile();
      const widget = page.add();
      await widget.ready();
      const held = page.bff.hold('locale');
      const asked = page.bff.arrival('locale');
      html.lang = 'de';
      await asked;
      await settled();
      expect([widget.phase, ...widget.labels]).to.deep.equal(['ready', inEnglish]);
      expect(spoken(widget)).to.deep.equal(['en', 'ltr']);
      held.release(await realFile('de'));
      await widget.reads(de.label);
      expect(spoken(widget)).to.deep.equal(['de', 'ltr']);
      html.lang = 'en';
      await widget.reads(inEnglish);
    });

    it('mid-flight: the former language is abandoned, and never shown', async () => {
      freshFile('fr');
      html.lang = 'fr';
      page.bff.hold('locale');
      const asked = page.bff.arrival('locale');
      const widget = page.add();
      const { signal } = await asked;
      html.lang = 'de';
      await widget.reads(de.renews);
      expect(signal?.aborted).to.equal(true);
      expect(page.bff.pending.filter(({ route }) => route === 'locale')).to.deep.equal([]);
    });

    it('mid-flight to English and back again', async () => {
      freshFile('fr');
      html.lang = 'fr';
      page.bff.hold('locale');
      const asked = page.bff.arrival('locale');
      const widget = page.add();
      await asked;
      html.lang = 'en';
      await widget.reads(inEnglish);
      html.lang = 'fr';
      await widget.reads(fr);
    });

    it('an ancestor with a language of its own is nearer, also when it changes', async () => {
      html.lang = 'de';
      const section = document.createElement('section');
      section.lang = 'fr';
      document.body.append(section);
      const widget = page.add();
      section.append(widget.element);
      await widget.reads(fr);
      section.lang = 'en';
      await widget.reads(inEnglish);
      section.removeAttribute('lang');
      await widget.reads(de.label);
      document.body.append(widget.element);
      section.remove();
      await widget.reads(de.label);
    });

    it('moved to where another language is spoken, it speaks that, while others stay', async () => {
      const section = document.createElement('section');
      section.lang = 'fr';
      document.body.append(section);
      const [moved, stays] = [page.add(), page.add()];
      await moved.reads(inEnglish);
      await stays.reads(inEnglish);
      section.append(moved.element);
      await moved.reads(fr);
      expect(stays.labels).to.deep.equal([inEnglish]);
      section.remove();
    });

    it("inside a host's own element the page's language holds", async () => {
      html.lang = 'de';
      const host = document.createElement('div');
      document.body.append(host);
      const widget = page.add();
      host.attachShadow({ mode: 'open' }).append(widget.element);
      await widget.reads(de.label);
      host.remove();
    });

    it('taken off the page, it asks for no words any more', async () => {
      freshFile();
      html.lang = 'de';
      page.bff.hold('locale');
      const asked = page.bff.arrival('locale');
      const [one, two] = [page.add(), page.add('billhook-plan-status')];
      const { signal } = await asked;
      await settled();
      one.element.remove();
      await settled();
      expect(signal?.aborted).to.equal(false);
      two.element.remove();
      await settled();
      expect(signal?.aborted).to.equal(true);
    });

    it('rendering once more after that, it does not ask either', async () => {
      freshFile();
      const widget = page.add();
      await widget.ready();
      widget.element.requestUpdate();
      widget.element.remove();
      html.lang = 'de';
      await widget.element.updateComplete;
      await settled();
      expect(localeRequests()).to.deep.equal([]);
    });
  });

  describe("the host's own", () => {
    it('words replace ours in whichever language', async () => {
      configureBillhook({ words: { 'action.manage': 'Mein Vertrag' } });
      html.lang = 'de';
      const widget = page.add();
      await widget.reads(de.renews);
      expect(widget.labels).to.deep.equal(['Mein Vertrag']);
    });

    it('language without a file of ours: the words with their formats', async () => {
      configureBillhook({ words: { 'action.manage': 'Hantera betalning', renewsOn: 'Förnyas {date}' }, lang: 'sv' });
      const widget = page.add();
      await widget.reads('Förnyas 3 juni 2027');
      expect(widget.labels).to.deep.equal(['Hantera betalning']);
      expect(spoken(widget)).to.deep.equal(['sv', 'ltr']);
      expect(localeRequests()).to.deep.equal([]);
    });

    it('language as a JSON file that it serves', async () => {
      configureBillhook({ locales: { sv: '/billing/sv.json' } });
      page.bff.next('locale', Response.json({ 'action.manage': 'Hantera betalning' }));
      html.lang = 'sv-FI';
      const widget = page.add();
      await widget.reads('Hantera betalning');
      expect(spoken(widget)).to.deep.equal(['sv-FI', 'ltr']);
      expect(localeRequests()).to.deep.equal(['/billing/sv.json']);
    });

    it('language as words that it has bundled: nothing is fetched', async () => {
      configureBillhook({ locales: { he: { 'action.manage': 'ניהול חיובים' } } });
      html.lang = 'he';
      const widget = page.add();
      await widget.reads('ניהול חיובים');
      expect(spoken(widget)).to.deep.equal(['he', 'rtl']);
      expect(localeRequests()).to.deep.equal([]);
    });

    it('choice of language stands above the page’s', async () => {
      html.lang = 'en';
      configureBillhook({ lang: 'fr-CA' });
      const widget = page.add();
      await widget.reads(fr);
      expect(spoken(widget)).to.deep.equal(['fr-CA', 'ltr']);
    });
  });

  describe('regional forms and right to left', () => {
    it('de-CH money, ar-EG digits, en-GB dates', async () => {
      page.bff.snapshot = { ...active, plan: { ...pro, price: { amount: 290050, currency: 'chf' } } };
      html.lang = 'de-CH';
      const widget = page.add();
      await widget.until(() => /CHF.2[’']900\.50/.test(widget.text));
      html.lang = 'ar-EG';
      await widget.until(() => widget.text.includes('٣ يونيو ٢٠٢٧'));
      html.lang = 'en-GB';
      await widget.reads('Renews on 3 June 2027');
    });

    it('a Latin plan name keeps its punctuation at its end, alone and in a sentence', async () => {
      const name = 'Pro!';
      page.bff.snapshot = { ...snapshots.none, offers: [{ id: 'pro', plan: { ...pro, name } }] };
      html.lang = 'ar';
      html.dir = 'rtl';
      const widget = page.add();
      await widget.reads('اختيار');
      const left = (node: Node, index: number) => {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + 1);
        return range.getBoundingClientRect().left;
      };
      const texts: Text[] = [];
      const walker = document.createTreeWalker(widget.root, NodeFilter.SHOW_TEXT);
      while (walker.nextNode())
        if (walker.currentNode.textContent?.includes(name)) texts.push(walker.currentNode as Text);
      expect(texts.map(({ data }) => data.length > name.length)).to.deep.equal([false, true]);
      for (const text of texts) {
        const start = text.data.indexOf(name);
        expect(left(text, start), text.data).to.be.below(left(text, start + name.length - 1));
      }
    });

    it('the plan stands at the right and the price at the left', async () => {
      html.lang = 'ar';
      const widget = page.add();
      await widget.reads('نشط');
      const middle = (part: string) => {
        const { left, right } = widget.part(part)?.getBoundingClientRect() ?? new DOMRect();
        return (left + right) / 2;
      };
      expect(middle('name')).to.be.above(middle('price'));
    });
  });

  describe('Stripe’s pages', () => {
    for (const [lang, sent] of [
      ['de-CH', 'de-CH'],
      ['zh-TW', 'zh-TW'],
      ['ar-u-nu-latn', 'ar'],
      ['', undefined],
    ] as const) {
      it(`are opened in the language of the page: "${lang}"`, async () => {
        html.lang = lang;
        const widget = page.add();
        await widget.ready();
        const opened = page.bff.arrival('portal-sessions');
        widget.buttons[0]?.click();
        expect(((await opened).body as { locale?: string }).locale).to.equal(sent);
      });
    }
  });

  it('what could not be opened is forgotten once the billing is another', async () => {
    html.lang = 'de';
    page.bff.snapshot = snapshots.none;
    const widget = page.add();
    await widget.reads('Team wählen');
    const read = page.bff.hold('billing');
    page.bff.next(
      'checkout-sessions',
      Response.json(
        { code: 'subscription_exists' },
        { status: 409, headers: { 'content-type': 'application/problem+json' } },
      ),
    );
    widget.button('Team wählen').click();
    await widget.reads('Sie haben bereits einen Tarif.');
    read.release(page.bff.billing(active));
    await widget.reads(de.renews);
    expect(widget.text).not.to.contain('Sie haben bereits');
  });

  it('a return is told in the language of the page', async () => {
    html.lang = 'ja';
    sessionStorage.setItem(`billhook-visit:${apiUrl} `, '{"id":"visit-1"}');
    page.bff.snapshot = { ...active, renewsAt: null };
    const changes = [{ kind: 'keeps' }, { kind: 'paymentMethod' }] as const;
    page.bff.next('visits/return', visitReturn('changed', page.bff.snapshot, ...changes));
    const widget = page.add();
    // No gap after the full stop.
    await widget.reads('プランは継続されます。お支払い方法が更新されました。');
    comeBack();
  });
});

/** As the package ships it. */
const realFile = (tag: string): Promise<Response> => realFetch(`/widget/src/i18n/locales/${tag}.json`);
