/**
 * Lit as these elements need it: without what they never use, two kilobytes of brotli that every host page would pay
 * for, and with a Trusted Types policy of our own. The build fails when a piece that is to be cut is gone (another version
 * of Lit), or when the sources begin to use what is cut. The component tests run the built file, and the sources with Lit
 * as it is published.
 */
import type { Plugin } from 'vite';
import { CUTS } from './lit-cuts.ts';

/** What the sources must not use, because it is cut. `svg` and `mathml` are no exports any more: a bundler says so itself. */
const USES: readonly (readonly [what: string, RegExp])[] = [
  ['a directive', /\bfrom '(lit|lit-html)\/(async-)?directive/],
  [
    'a property that is more than a string attribute',
    /^\s*\w+: \{[^}]*\b(type|reflect|converter|hasChanged|useDefault|noAccessor): /m,
  ],
  ['a binding to a property', /\s\.\w+=\$\{/],
  ['a property in capitals without an attribute', /^\s*\w+[A-Z]\w*: \{\},/m],
  ['a hook of the life cycle other than render and firstUpdated', /\b(shouldUpdate|willUpdate|updated|hostUpdated)\(/],
  ['a comment in a template', /html`[^`]*<!--/],
  ['a binding in an element whose content is text', /<(script|style|textarea|title)\b[^<]*\$\{/],
];

export function leanLit(): Plugin {
  const lit = /\/(?:@lit\/reactive-element|lit-html|lit-element)\/([\w-]+\.js)$/;
  return {
    name: 'billhook:lean-lit',
    enforce: 'pre',
    transform(code, id) {
      const [, file = ''] = lit.exec(id) ?? [];
      if (/\/lit[\w/-]*\/development\//.test(id))
        this.error(`${id} is Lit's development build: NODE_ENV is not production.`);
      if (!file && !id.includes('node_modules')) {
        for (const [what, use] of USES)
          if (use.test(code)) this.error(`${id} uses ${what}, which this build cuts from Lit.`);
      }
      let lean = code;
      for (const [from, to] of CUTS[file] ?? []) {
        if (lean.split(from).length !== 2) this.error(`${file} has not exactly one of what is to be cut: ${from}`);
        lean = lean.replace(from, () => to);
      }
      // The places of what is left are near enough for a size budget.
      return lean === code ? null : { code: lean, map: null };
    },
  };
}
