/**
 * The script tag: `<script type="module" src="https://billing.example/widget.js">`. The BFF is where this script came
 * from; `data-token-url`, `data-account` and `data-api` on the tag speak for all elements of the page.
 */
// oxlint-disable no-unassigned-import -- both are imported for what they do, in this order
import './script-address.ts';
import './define.ts';

export { forgetBillhook } from './client/forget.ts';
export { configureBillhook } from './page/config.ts';
