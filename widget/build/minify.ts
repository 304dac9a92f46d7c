/** A second minifier, for the bytes that Vite's own one leaves. */
import { readFileSync } from 'node:fs';
import { minify } from 'terser';
import type { Plugin } from 'vite';

/** Indentation and comments inside `css` and `html` templates are text to a minifier, so they are taken out before it. */
export function compactTemplates(): Plugin {
  return {
    name: 'billhook:compact-templates',
    enforce: 'pre',
    transform(code, id) {
      if (id.endsWith('styles.ts')) return { code: code.replace(/css = `[^`]*`/g, compactStyle), map: null };
      if (!/src\/elements\//.test(id)) return null;
      return { code: code.replace(/html`[^]*?`;/g, (template) => template.replace(/\s*\n\s*/g, ' ')), map: null };
    },
  };
}

const compactStyle = (style: string): string =>
  style
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?|(:) /g, '$1$2')
    .replaceAll(';}', '}');

/**
 * Names of properties that only our own modules read, and only by their names: no page, wire, storage, attribute, word or
 * placeholder knows them. A fifth of a kilobyte, compressed. Those of the DOM are left alone in any case.
 */
const privateNames = `
  activated alerting alone announces answer asked attach banner busy client confirmedAt daysAhead demand dismiss endVisit
  expire failure failures forgetDocument hasReturned isAnnouncer isAsking isFresh isHeldOff isOpen isOver isProvisional keep
  lastTook lines money notes notice onActive onFrozen onInactive onPeerRevision onRestored openFailure phase press readers
  reconfigured refuse renderBilling report returnedAt schedule showVisit signOut signedOut sinceAttention sinceReturn
  snapshotChanged subscribers support takeUp tell term trouble tryWaiting unsettled visitReturn waits waitsCut
`
  .trim()
  .split(/\s+/);

const publicSources = [
  'contract.ts',
  'page/config.ts',
  'page/events.ts',
  'page/errors.ts',
  'i18n/locales/en.ts',
  'i18n/locales/en-more.ts',
];

/** A name that becomes one of the wire, of an option or of a word must be known by it everywhere. */
function publicName(): string | undefined {
  const text = publicSources
    .map((path) => readFileSync(new URL(`../src/${path}`, import.meta.url), 'utf8'))
    .join('\n')
    .replaceAll(/\/\*[^]*?\*\//g, '');
  return privateNames.find((name) => new RegExp(`\\b${name}\\??[:}]|\\{ ${name}\\b|get ${name}\\(`).test(text));
}

/** Two minifiers find more than one: a quarter of a kilobyte, compressed. */
export function minifyAgain(): Plugin {
  return {
    name: 'billhook:minify-again',
    enforce: 'post',
    async generateBundle({ sourcemap }, bundle) {
      const known = publicName();
      if (known) this.error(`${known} is a name that others know: it is not to be shortened.`);
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue;
        const { code, map } = await minify(file.code, {
          ecma: 2020,
          module: true,
          compress: { passes: 3, keep_fargs: false },
          mangle: { properties: { regex: new RegExp(`^(${privateNames.join('|')})$`) } },
          // For the size budget, which counts bytes by source.
          ...(sourcemap && file.map && { sourceMap: { content: file.map.toString(), asObject: true } }),
        });
        if (code === undefined) this.error('terser made nothing of the widget');
        file.code = code;
        if (map) Object.assign(file, { map });
      }
    },
  };
}
