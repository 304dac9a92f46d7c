/**
 * Two things that Lit 3.3.3 does otherwise, each an exact piece of its published production code. The build fails where a
 * piece is not there exactly once (another version of Lit): then look it up in the new source. The component tests run the
 * built file, and the sources with Lit as it is published.
 */
import type { Plugin } from 'vite';

interface Replacement {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const replacements: readonly Replacement[] = [
  // Lit makes a Trusted Types policy of its own name when it is loaded. A page's CSP would have to list it, and the script
  // dies with an error where a second copy of Lit makes it again. Here it is called `billhook`, is not made by a copy that
  // finds the elements defined already (it will never render), and a refusal is left to the browser to report.
  {
    file: 'lit-html.js',
    from: 's.createPolicy("lit-html",{createHTML:t=>t})',
    to: '(()=>{try{if(!customElements.get("billhook-widget"))return s.createPolicy("billhook",{createHTML:t=>t})}catch{}})()',
  },
  // Lit's nodes are made by a document of its own: `<img name="createElement">` in a user's content would stand in the place
  // of the page's method.
  {
    file: 'lit-html.js',
    from: ',l=document,',
    to: ',l=Reflect.get(Document.prototype,"implementation",document).createHTMLDocument(""),',
  },
];

export function litFeatures(): Plugin {
  const lit = /\/lit-html\/([\w-]+\.js)$/;
  return {
    name: 'billhook:lit-features',
    enforce: 'pre',
    transform(code, id) {
      if (/\/lit[\w/-]*\/development\//.test(id))
        this.error(`${id} is Lit's development build: NODE_ENV is not production.`);
      const [, file] = lit.exec(id) ?? [];
      let own = code;
      for (const { from, to } of replacements.filter((each) => each.file === file)) {
        if (own.split(from).length !== 2) this.error(`${id} has not exactly one of what is to be replaced: ${from}`);
        own = own.replace(from, () => to);
      }
      // The places of what is left are near enough for the size budget.
      return own === code ? null : { code: own, map: null };
    },
  };
}
