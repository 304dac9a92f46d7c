/** Shows what the address asks for, and keeps the address in step with the switches, so that it is a link to share. */
import { answerFromFixtures } from './fixture-bff.js';
import { fixtures, groups, now } from './fixtures.js';

const form = document.querySelector('form');
const main = document.querySelector('main');
const share = document.querySelector('.gallery-share');

const RIGHT_TO_LEFT = new Set(['ar']);

const api = main.dataset.billhook;
const tokenUrl = '/gallery/token';
const bff = answerFromFixtures(api, tokenUrl, fixtures, now);
const { configureBillhook } = await import(`${api}widget.js`);
// Nobody leaves the gallery: whoever presses a button sees what a person sees who waits for Stripe's page.
configureBillhook({ navigate() {} });

const panel = document.querySelector('.gallery-theme');
const [said, copy] = panel.querySelectorAll('pre, button[type=button]');
panel.hidden = false;
panel.addEventListener('input', ({ target }) => {
  target.dataset.set = '';
  paint();
});
panel.addEventListener('reset', ({ target }) => {
  for (const { dataset } of target.querySelectorAll('[data-set]')) delete dataset.set;
  paint();
});
copy.addEventListener('click', async () => {
  await navigator.clipboard.writeText(said.textContent);
  copy.textContent = 'Copied';
  copy.addEventListener('blur', () => (copy.textContent = 'Copy CSS'), { once: true });
});
paint();

/** Inputs → custom properties of the elements below, and the CSS that a host would write. */
function paint() {
  const lines = [];
  for (const { name, type, value, dataset } of panel.querySelectorAll('input')) {
    const text = 'set' in dataset ? value + (type === 'number' ? 'px' : '') : '';
    main.style.setProperty(name, text);
    if (text) lines.push(`  ${name}: ${text};`);
  }
  said.textContent = lines.length ? `:root {\n${lines.join('\n')}\n}` : '/* Change something above. */';
}

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
  sessionStorage.clear();
  bff.begin();

  const elements = [];
  for (const [group, heading] of Object.entries(groups)) {
    const section = document.createElement('section');
    section.className = 'gallery-group';
    const title = document.createElement('h2');
    title.textContent = heading;
    section.append(title);
    for (const [name, fixture] of Object.entries(fixtures)) {
      const [of, key] = name.split(' ');
      if (fixture.group !== group || of !== role || (state !== 'all' && state !== key)) continue;
      const billing = document.createElement(element);
      const account = `${name} ${mine}`;
      const attributes = { api, account, theme, 'token-url': `${tokenUrl}?${new URLSearchParams({ fixture: name })}` };
      for (const [attribute, value] of Object.entries(attributes)) billing.setAttribute(attribute, value);
      if (fixture.visit) sessionStorage.setItem(`billhook-visit:${api} ${account}`, '{"id":"trip"}');
      elements.push({ billing, fixture });
      section.append(stage(key, fixture, billing, { lang, theme, look }));
    }
    if (section.children.length > 1) main.append(section);
  }
  await shown(elements);
  if (mine === turn) main.dataset.shown = String(elements.length);
}

/** Everything as its fixture says: what fails later or when it is pressed has failed. */
async function shown(elements) {
  await Promise.all(elements.map(({ billing, fixture }) => spoken(billing, fixture)));
  // A page that comes back asks again; the second failure in a row is told.
  const rounds = elements.some(({ fixture }) => fixture.failure && fixture.snapshot) ? 2 : 0;
  for (let round = 0; round < rounds; round++) {
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await bff.answered();
  }
  for (const { billing, fixture } of elements) {
    if (fixture.opening || fixture.openFailure) billing.shadowRoot.querySelector(':not(dd) > button')?.click();
  }
  await bff.answered();
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

/** Until its billing and its words are there, an element is loading, and some fixtures stay so. */
async function spoken(billing, { snapshot }) {
  await billing.updateComplete;
  const waits = () => snapshot?.state !== 'unknown' && billing.shadowRoot.querySelector('[aria-busy=true]');
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
