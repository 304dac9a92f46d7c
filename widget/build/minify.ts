/** A second minifier, for the bytes that Vite's own one leaves. */
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
      return {
        code: code.replace(/html`[^]*?`;/g, (template) =>
          template.replace(/\s*\n\s*(?=>)/g, '').replace(/\s*\n\s*/g, ' '),
        ),
        map: null,
      };
    },
  };
}

/** Of the custom properties that are the sheet's own, each a letter of its own. */
const letters = new Map<string, string>();
function letterOf(name: string): string {
  const letter = letters.get(name) ?? 'abcdefghijklmnopqrstuvwxyz'[letters.size];
  if (letter === undefined) throw new Error('the sheet has more properties of its own than there are letters');
  letters.set(name, letter);
  return letter;
}

const compactStyle = (style: string): string =>
  style
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?|(:) /g, '$1$2')
    .replaceAll(';}', '}')
    .replace(/='([\w-]+)'/g, '=$1')
    .replace(/\b0(?=\.\d)/g, '')
    .replace(/--_([\w-]+)/g, (_, name: string) => `--_${letterOf(name)}`);

/**
 * Properties between modules of the script, which no page, answer or stored item names: the file has a letter for each. A
 * test holds that none of them is a name of the contract or of an element.
 */
export const internalNames =
  `phase lines money notes notice alone busy tone client renderBefore dismiss schedule readers trouble visible activated addController alerting announces confirmedAt daysAhead endVisit failures forgetDocument
  hasReturned hostConnected hostDisconnected hostUpdate isAnnouncer isAsking isFresh isHeldOff isOpen isOver
  isProvisional lastTook localizer onActive onFrozen onInactive onPeerRevision onRestored openFailure performUpdate
  reconfigured renderBilling returnedAt showVisit signOut signedOut sinceAttention sinceReturn snapshotChanged
  subscribers takeUp term tryWaiting wait unsettled visitReturn waitsCut`.split(/\s+/);

/** Two minifiers find more than one: a quarter of a kilobyte, compressed. */
export function minifyAgain(): Plugin {
  return {
    name: 'billhook:minify-again',
    enforce: 'post',
    async generateBundle({ sourcemap }, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue;
        const { code, map } = await minify(file.code, {
          ecma: 2020,
          module: true,
          // Unsafe for an object whose `valueOf` differs from its `toString`: `a + ''` is written for a template.
          compress: { passes: 3, keep_fargs: false, unsafe: true },
          // Some are names of the DOM as well, of objects that the script does not use them of.
          mangle: { properties: { builtins: true, regex: RegExp(`^(${internalNames.join('|')})$`) } },
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
