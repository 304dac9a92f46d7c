/** Registers the elements. It never guesses where the BFF is: say `api`, or load the script from there. */
import { BillhookManageButton } from './elements/billhook-manage-button.ts';
import { BillhookPastDueBanner } from './elements/billhook-past-due-banner.ts';
import { BillhookPlanStatus } from './elements/billhook-plan-status.ts';
import { BillhookWidget } from './elements/billhook-widget.ts';
import { registry } from './page/config.ts';
import { warnOnce } from './page/warn.ts';

const elements: Readonly<Record<string, CustomElementConstructor>> = {
  'billhook-widget': BillhookWidget,
  'billhook-plan-status': BillhookPlanStatus,
  'billhook-past-due-banner': BillhookPastDueBanner,
  'billhook-manage-button': BillhookManageButton,
};

// Another copy of Billhook (npm beside script tag) is no stranger; its elements read the same clients as ours would. And a
// server that renders pages (Next.js runs client components there too) writes the tags as they are: it defines nothing.
if (globalThis.document && !registry.defined) {
  const taken = Object.keys(elements).filter((name) => customElements.get(name));
  registry.defined = !taken.length;
  for (const [name, element] of Object.entries(elements)) {
    // All or none: half of a billing page is worse than a clear warning.
    if (registry.defined) customElements.define(name, element);
  }
  if (taken.length) {
    warnOnce(`element_name_taken: ${taken.join()}`);
  }
}
