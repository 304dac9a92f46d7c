/**
 * Shows what the address asks for, and keeps the address in step with the switches, so that it is a link to share. The
 * elements are the real ones; only the client that they would read the BFF through is one that tells a fixture.
 */
import { fixtures, groups, now } from './fixtures.js';

const form = document.querySelector('form');
const main = document.querySelector('main');
const share = document.querySelector('.gallery-share');

/** The page's registry, where elements of one account find their client. Ours are there first, so nothing is asked. */
const { clients } = globalThis[Symbol.for('billhook')];
const RIGHT_TO_LEFT = new Set(['ar']);

/** Once for each turn of a switch, so that two of them in a row do not mix. */
let turn = 0;

read();
await show();
form.addEventListener('change', async () => {
  const query = String(choice());
  history.pushState(null, '', query ? `?${query}` : location.pathname);
  await show();
});
addEventListener('popstate', async () => {
  read();
  await show();
});
share.hidden = false;
share.addEventListener('click', async () => {
  await navigator.clipboard.writeText(location.href);
  share.textContent = 'Copied';
  share.addEventListener('blur', () => (share.textContent = 'Copy link'), { once: true });
});

/** Address → switches. What it does not say, or says wrongly, is the first of each. */
function read() {
  const asked = new URLSearchParams(location.search);
  for (const select of form.querySelectorAll('select')) {
    const { options } = select;
    select.selectedIndex = Math.max(
      0,
      [...options].findIndex(({ value }) => value === asked.get(select.name)),
    );
  }
}

/** Switches → address, without what goes without saying. */
function choice() {
  const query = new URLSearchParams();
  for (const { name, value, selectedIndex } of form.querySelectorAll('select')) {
    if (selectedIndex) query.set(name, value);
  }
  return query;
}

async function show() {
  const { state, element, lang, theme, width, role, look } = Object.fromEntries(new FormData(form));
  const mine = ++turn;
  main.replaceChildren();
  main.dataset.shown = '';
  main.dataset.width = width;
  main.style.setProperty('--stage', width === 'full' ? '100%' : width);
  const shown = Object.entries(fixtures[role]).filter(([name]) => state === 'all' || state === name);
  const elements = [];
  for (const [group, heading] of Object.entries(groups)) {
    const stages = shown
      .filter(([, fixture]) => fixture.group === group)
      .map(([name, fixture]) => {
        const account = `gallery-${mine}-${name}`;
        const client = clientOf(fixture, shown.length === 1);
        clients.set(`${main.dataset.billhook} ${account}`, client);
        const billing = document.createElement(element);
        // The address of the BFF is where words are fetched from; the billing is never asked for.
        for (const [attribute, value] of Object.entries({ api: main.dataset.billhook, account, theme }))
          billing.setAttribute(attribute, value);
        elements.push({ billing, fixture });
        return stage(name, fixture, billing, { lang, theme, look });
      });
    if (!stages.length) continue;
    const section = document.createElement('section');
    section.className = 'gallery-group';
    const title = document.createElement('h2');
    title.textContent = heading;
    section.append(title, ...stages);
    main.append(section);
  }
  for (const { billing, fixture } of elements) await spoken(billing, fixture);
  for (const { billing, fixture } of elements) if (fixture.openFailure) await press(billing);
  if (mine === turn) main.dataset.shown = String(elements.length);
}

/** The element on a piece of a host's page, under a name that leads to it alone. */
function stage(name, { title }, billing, { lang, theme, look }) {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  const link = document.createElement('a');
  const query = choice();
  query.set('state', name);
  link.href = `?${query}`;
  link.textContent = title;
  const code = document.createElement('code');
  code.textContent = name;
  caption.append(link, code);
  const page = document.createElement('div');
  page.className = `stage ${theme} ${look}`;
  page.lang = lang;
  page.dir = RIGHT_TO_LEFT.has(lang) ? 'rtl' : 'ltr';
  page.append(billing);
  figure.append(caption, page);
  return figure;
}

/** The words of another language are a file: until it is there, an element is loading, whatever its fixture says. */
async function spoken(billing, { snapshot, failure, signedOut }) {
  await billing.updateComplete;
  const loads = snapshot ? snapshot.state === 'unknown' : !failure && !signedOut;
  const waits = () => !loads && billing.shadowRoot.querySelector('[aria-busy=true]');
  if (!waits()) return;
  await new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (waits()) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(billing.shadowRoot, { subtree: true, attributeFilter: ['aria-busy'] });
  });
}

/** A failed opening is told by the element that was pressed, so it is pressed. */
async function press(billing) {
  billing.shadowRoot.querySelector('button')?.click();
  await billing.updateComplete;
}

/** @param alone whether it may speak: a page full of live regions would be a babble */
function clientOf({ snapshot, openFailure = null, opening = null, changes = [], ...fixture }, alone) {
  const subscribers = new Set();
  let state = {
    snapshot,
    confirmedAt: now,
    signedOut: fixture.signedOut ?? false,
    failure: fixture.failure ?? null,
    failures: fixture.failure ? 2 : 0,
    opening,
    openFailure: null,
    visit: fixture.visit ?? 'none',
    changes,
    alerting: false,
  };
  const set = (change) => {
    state = { ...state, ...change };
    for (const subscriber of subscribers) subscriber.changed();
  };
  return {
    state: () => state,
    now: () => now,
    isAnnouncer: (subscriber) => alone && subscribers.values().next().value === subscriber,
    attach: (subscriber) => void subscribers.add(subscriber),
    detach: (subscriber) => void subscribers.delete(subscriber),
    reconfigured() {},
    retry: () => set({ openFailure: null }),
    async open(action) {
      if (openFailure) return set({ openFailure });
      set({ opening: action });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      set({ opening: null });
    },
  };
}
