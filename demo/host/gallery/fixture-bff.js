/**
 * A BFF and a host's token address inside the page: every request of the elements is answered from a fixture, which its
 * token names. The elements and their client are the real ones; only words are fetched from elsewhere.
 */

/** How long a request that may be held is held, in milliseconds: less than the widget's own patience. */
const HELD_FOR = 15_000;
/** After so long an unconfirmed return is no longer "updating" but waiting, in milliseconds. */
const WAITED = 25_000;

/**
 * @param {string} api the BFF's address, ending in a slash
 * @param {string} tokenUrl asked with `?fixture=`
 * @param {Record<string, object>} fixtures
 * @param {number} now the moment that all fixtures are seen from; the page's clock stands still there
 */
export function answerFromFixtures(api, tokenUrl, fixtures, now) {
  const elsewhere = window.fetch;
  let clock = now;
  /** How many answers are still on their way, without those that are held. */
  const awaited = { count: 0 };
  const reads = new Map();
  const returns = new Map();
  Date.now = () => clock;
  let onLine = true;
  Object.defineProperty(navigator, 'onLine', { get: () => onLine, configurable: true });

  addEventListener('pageshow', () => returns.clear());

  window.fetch = async (input, init = {}) => {
    const url = new URL(input, document.baseURI);
    if (url.pathname === tokenUrl) return token(url.searchParams.get('fixture'), fixtures);
    if (!url.href.startsWith(`${api}v1/`)) return elsewhere(input, init);
    awaited.count++;
    try {
      const headers = new Headers(init.headers);
      const name = JSON.parse(
        atob(headers.get('authorization').split('.')[1].replaceAll('-', '+').replaceAll('_', '/')),
      ).sub;
      const route = url.href.slice(`${api}v1/`.length);
      if (route === 'billing') return await billing(name, headers, init.signal);
      return route === 'visits/return' ? await visitReturn(name, init.signal) : opened(name);
    } finally {
      // Its body is read in turns of its own.
      setTimeout(() => awaited.count--);
    }
  };

  async function billing(name, headers, signal) {
    const { snapshot, failure } = fixtures[name];
    const read = (reads.get(name) ?? 0) + 1;
    reads.set(name, read);
    if (failure?.code === 'offline' && (!snapshot || read > 1)) await goneOffline();
    if (failure && (!snapshot || read > 1)) return failed(failure);
    const etag = `"${name}"`;
    if (headers.get('if-none-match') !== etag) return answer(snapshot, { etag });
    if (headers.get('prefer')) await held(signal);
    return new Response(null, { status: 304, headers: { etag } });
  }

  /** Offline until the failure was taken note of: alone in its turn of the page, so that it is this request's alone. */
  async function goneOffline() {
    await new Promise((resolve) => setTimeout(resolve));
    onLine = false;
    setTimeout(() => (onLine = true));
  }

  async function held(signal) {
    awaited.count--;
    try {
      await new Promise((resolve, reject) => {
        setTimeout(resolve, HELD_FOR);
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    } finally {
      awaited.count++;
    }
  }

  async function visitReturn(name, signal) {
    const { snapshot, visit, changes = [] } = fixtures[name];
    const outcome = visit?.endsWith('changed') ? visit : 'pending';
    const asked = (returns.get(name) ?? 0) + 1;
    returns.set(name, asked);
    // Not confirmed at the first look of a page that has come back, it is waited for as it would be.
    if (outcome === 'pending' && (visit !== 'pending' || asked > 1)) await held(signal);
    else if (outcome === 'pending') clock += WAITED;
    return answer({ outcome, changes, snapshot });
  }

  function opened(name) {
    const { openFailure } = fixtures[name];
    return openFailure ? failed(openFailure) : answer({ url: 'https://stripe.example/', visit: 'trip' });
  }

  const answer = (body, headers = {}) =>
    Response.json(body, { headers: { date: new Date(clock).toUTCString(), ...headers } });

  return {
    /** All fixtures from the beginning. */
    begin() {
      clock = now;
      reads.clear();
      returns.clear();
    },
    /** Resolves when everything asked so far was answered, and shown. */
    async answered() {
      do {
        // oxlint-disable-next-line no-await-in-loop -- one turn after the other
        await new Promise((resolve) => setTimeout(resolve, 10));
      } while (awaited.count > 0);
    },
  };
}

function token(name, fixtures) {
  if (fixtures[name].signedOut) return new Response(null, { status: 401 });
  const part = (value) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const claims = { iss: 'gallery', sub: name, exp: 4_102_444_800, jti: name };
  return Response.json({ token: `${part({ alg: 'none', typ: 'billhook-widget+jwt' })}.${part(claims)}.x` });
}

/** Without a status: nobody answered. */
function failed({ code, status }) {
  if (!status) throw new TypeError('a fixture: nobody answers');
  return Response.json({ code, status }, { status, headers: { 'content-type': 'application/problem+json' } });
}
