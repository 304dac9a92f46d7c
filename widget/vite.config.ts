/**
 * One ES file for a script tag. Not lib mode, which keeps white space in ES output; and not an iife, where
 * `import.meta.url` (where the BFF is) would be lost.
 */
import { minify } from 'terser';
import { defineConfig, type Plugin } from 'vite';

/**
 * Lit makes a Trusted Types policy of its own name when it is loaded. A page's CSP would have to list it, and the script
 * dies with an error where a second copy of Lit makes it again. Here it is called `billhook`, is not made by a copy that
 * finds the elements defined already (it will never render), and a refusal is left to the browser to report.
 */
function ownTrustedTypesPolicy(): Plugin {
  const theirs = /(\w+)\.createPolicy\("lit-html",(\{createHTML:\w+=>\w+\})\)/;
  let replaced = 0;
  return {
    name: 'billhook:trusted-types',
    transform(code, id) {
      if (!id.includes('lit-html') || !code.includes('createPolicy')) return null;
      const own = code.replace(
        theirs,
        '(()=>{try{if(!customElements.get("billhook-widget"))return $1.createPolicy("billhook",$2)}catch{}})()',
      );
      if (own !== code) replaced++;
      return own;
    },
    generateBundle() {
      if (replaced !== 1)
        this.error(
          `Lit's Trusted Types policy was replaced ${replaced} times instead of once: its source has changed.`,
        );
    },
  };
}

/**
 * Lit falls back to inline `<style>` where style sheets cannot be constructed. All browsers that run this file can, and
 * a strict CSP would refuse the fallback anyway: saying so lets the minifier drop it.
 */
function constructedStyleSheetsOnly(): Plugin {
  const asked =
    /\w+\.ShadowRoot&&\([^)]*\)&&"adoptedStyleSheets"in Document\.prototype&&"replace"in CSSStyleSheet\.prototype/;
  return {
    name: 'billhook:constructed-style-sheets',
    transform: (code, id) => (id.endsWith('css-tag.js') ? code.replace(asked, 'true') : null),
  };
}

/** Indentation and comments inside `css` and `html` templates are text to a minifier, so they are taken out before it. */
function compactTemplates(): Plugin {
  return {
    name: 'billhook:compact-templates',
    enforce: 'pre',
    transform(code, id) {
      if (id.endsWith('styles.ts')) {
        return code.replace(/css = `[^`]*`/g, (style) =>
          style
            .replace(/\/\*[^]*?\*\//g, '')
            .replace(/\s+/g, ' ')
            .replace(/ ?([{};,]) ?|(:) /g, '$1$2'),
        );
      }
      return /src\/(templates\/|billhook-)/.test(id)
        ? code.replace(/html`[^]*?`;/g, (template) => template.replace(/\s*\n\s*/g, ' '))
        : null;
    },
  };
}

/** Two minifiers find more than one: a quarter of a kilobyte, compressed. */
function minifyAgain(): Plugin {
  return {
    name: 'billhook:minify-again',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue;
        const { code } = await minify(file.code, { ecma: 2020, module: true, compress: { passes: 3 } });
        if (code === undefined) this.error('terser made nothing of the widget');
        file.code = code;
      }
    },
  };
}

export default defineConfig({
  plugins: [compactTemplates(), constructedStyleSheetsOnly(), ownTrustedTypesPolicy(), minifyAgain()],
  build: {
    target: 'es2022',
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: 'src/script.ts',
      // Keeps `configureBillhook`, for pages that import it from the same address.
      preserveEntrySignatures: 'strict',
      output: { format: 'es', entryFileNames: 'widget.js', codeSplitting: false },
    },
  },
});
