/** The least that shows a plan in a page: a LitElement that formats one amount and one date. */

import { html, LitElement, type TemplateResult } from 'lit';

class PlainElement extends LitElement {
  static override properties = { amount: { type: Number }, renews: { type: Number } };
  declare amount: number;
  declare renews: number;

  protected override render(): TemplateResult {
    const amount = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(this.amount / 100);
    const renews = new Intl.DateTimeFormat('en', { dateStyle: 'long' }).format(this.renews);
    return html`<p>${amount}, renews on ${renews}</p>`;
  }
}

customElements.define('plain-element', PlainElement);
