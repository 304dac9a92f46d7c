/**
 * Lit as these elements need it. Without what they never use: a kilobyte of brotli, which every host page would pay for.
 * And with a Trusted Types policy of our own. Each cut is an exact piece of Lit's published production code, and the build fails when one is gone (another version of Lit), or when
 * the sources begin to use what is cut. The component tests run the built file, and the sources with Lit as it is published.
 */
import type { Plugin } from 'vite';

type Cuts = readonly (readonly [from: string, to: string])[];

const CUTS: Readonly<Record<string, Cuts>> = {
  'css-tag.js': [
    // The fallback to an inline <style>: all browsers that run this file construct style sheets, and a strict CSP would
    // refuse the fallback anyway.
    [
      't.ShadowRoot&&(void 0===t.ShadyCSS||t.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype',
      'true',
    ],
  ],
  'reactive-element.js': [
    // Decorators, polyfills, and a list of Lit's versions for its development build.
    ['Symbol.metadata??=Symbol("metadata"),a.litPropertyMetadata??=new WeakMap;', ''],
    [
      'const t=this[Symbol.metadata];if(null!==t){const s=litPropertyMetadata.get(t);if(void 0!==s)for(const[t,i]of s)this.elementProperties.set(t,i)}',
      '',
    ],
    ['static addInitializer(t){this._$Ei(),(this.l??=[]).push(t)}', ''],
    ['void 0!==t.l&&(this.l=[...t.l]),', ''],
    [',this.constructor.l?.forEach(t=>t(this))', ''],
    ['p=a.reactiveElementPolyfillSupport,', ''],
    ['p?.({ReactiveElement:y}),(a.reactiveElementVersions??=[]).push("2.1.2")', '0'],
    // Attributes that are not strings, and properties that write their attribute: ours are strings, and only read.
    [
      '_$AK(t,s){const i=this.constructor,e=i._$Eh.get(t);if(void 0!==e&&this._$Em!==e){const t=i.getPropertyOptions(e),h="function"==typeof t.converter?{fromAttribute:t.converter}:void 0!==t.converter?.fromAttribute?t.converter:u;this._$Em=e;const r=h.fromAttribute(s,t.type);this[e]=r??this._$Ej?.get(e)??r,this._$Em=null}}',
      '_$AK(t,s){this[this.constructor._$Eh.get(t)]=s}',
    ],
    [
      '_$ET(t,s){const i=this.constructor.elementProperties.get(t),e=this.constructor._$Eu(t,i);if(void 0!==e&&!0===i.reflect){const h=(void 0!==i.converter?.toAttribute?i.converter:u).toAttribute(s,i.type);this._$Em=t,null==h?this.removeAttribute(e):this.setAttribute(e,h),this._$Em=null}}',
      '',
    ],
    ['this._$Eq&&=this._$Eq.forEach(t=>this._$ET(t,this[t])),', ''],
    ['this._$Em=null,', ''],
    ['{attribute:!0,type:String,converter:u,reflect:!1,useDefault:!1,hasChanged:f}', '{}'],
    [
      'i&&!(this._$Ej??=new Map).has(t)&&(this._$Ej.set(t,r??s??this[t]),!0!==h||void 0!==r)||(this._$AL.has(t)||(this.hasUpdated||i||(s=void 0),this._$AL.set(t,s)),!0===e&&this._$Em!==t&&(this._$Eq??=new Set).add(t))',
      'this._$AL.has(t)||(this.hasUpdated||(s=void 0),this._$AL.set(t,s))',
    ],
    [
      '(i.hasChanged??f)(h,s)||i.useDefault&&i.reflect&&h===this._$Ej?.get(t)&&!this.hasAttribute(r._$Eu(t,i))',
      'f(h,s)',
    ],
    // Properties that wrap an accessor of the class.
    [',this.prototype.hasOwnProperty(t)&&((s=Object.create(s)).wrapped=!0)', ''],
    [
      'const t=this.constructor.elementProperties;if(t.size>0)for(const[s,i]of t){const{wrapped:t}=i,e=this[s];!0!==t||this._$AL.has(s)||void 0===e||this.C(s,void 0,i,e)}',
      '',
    ],
  ],
  'lit-html.js': [
    // Lit makes a policy of its own name when it is loaded. A page's CSP would have to list it, and the script dies with an
    // error where a second copy of Lit makes it again. Here it is called `billhook`, is not made by a copy that finds the
    // elements defined already (it will never render), and a refusal is left to the browser to report.
    [
      's.createPolicy("lit-html",{createHTML:t=>t})',
      '(()=>{try{if(!customElements.get("billhook-widget"))return s.createPolicy("billhook",{createHTML:t=>t})}catch{}})()',
    ],
    ['B=t.litHtmlPolyfillSupport;B?.(S,k),(t.litHtmlVersions??=[]).push("3.3.3");const ', ''],
    // Directives.
    [
      'if(i===E)return i;let h=void 0!==e?s._$Co?.[e]:s._$Cl;const o=a(i)?void 0:i._$litDirective$;return h?.constructor!==o&&(h?._$AO?.(!1),void 0===o?h=void 0:(h=new o(t),h._$AT(t,s,e)),void 0!==e?(s._$Co??=[])[e]=h:s._$Cl=h),void 0!==h&&(i=M(t,h._$AS(t,i.values),h,e)),i}',
      'return i}',
    ],
    // Templates that begin inside of an <svg> or <math>.
    ['l=2===i?"<svg>":3===i?"<math>":""', 'l=""'],
    ['+(2===i?"</svg>":3===i?"</math>":"")', ''],
    [',2===i||3===i){const t=this.el.content.firstChild;t.replaceWith(...t.childNodes)}for(;', ');for(;'],
    [',T=x(3)', ''],
    [',w=x(2)', ''],
    [',T as mathml', ''],
    [',w as svg', ''],
    // Bindings to a whole element, to a property, inside of comments, and inside of <script>, <style>, <textarea>, <title>.
    ['else t.startsWith(o)&&(d.push({type:6,index:l}),r.removeAttribute(t))', ''],
    [':6===r.type&&(i=new Z(h,this,t))', ':0'],
    ['"."===e[1]?I:', ''],
    ['else{let t=-1;for(;-1!==(t=r.data.indexOf(o,t+1));)d.push({type:7,index:l}),t+=o.length-1}', ''],
    ['(y.test(u[2])&&(n=RegExp("</"+u[2],"g")),c=p)', 'c=p'],
    [
      'if(y.test(r.tagName)){const t=r.textContent.split(o),i=t.length-1;if(i>0){r.textContent=s?s.emptyScript:"";for(let s=0;s<i;s++)r.append(t[s],c()),P.nextNode(),d.push({type:2,index:++l});r.append(t[i],c())}}',
      '',
    ],
  ],
  'lit-element.js': [
    // Hydration.
    [
      ',s.litElementHydrateSupport?.({LitElement:i});const o=s.litElementPolyfillSupport;o?.({LitElement:i});const n={_$AK:(t,e,r)=>{t._$AK(e,r)},_$AL:t=>t._$AL};(s.litElementVersions??=[]).push("4.2.2");export{i as LitElement,n as _$LE}',
      ';export{i as LitElement}',
    ],
  ],
};

/** What the sources must not use, because it is cut. `svg` and `mathml` are no exports any more: a bundler says so itself. */
const USES: readonly (readonly [what: string, RegExp])[] = [
  ['a directive', /\bfrom '(lit|lit-html)\/(async-)?directive/],
  [
    'a property that is more than a string attribute',
    /^\s*\w+: \{[^}]*\b(type|reflect|converter|hasChanged|useDefault|noAccessor): /m,
  ],
  ['a binding to a property', /\s\.\w+=\$\{/],
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
