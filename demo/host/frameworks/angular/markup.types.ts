/** The elements and their events, as templates and scripts know them. Compiled with the page, never run. */
import type { BillhookWidget } from '@billhook/widget';
import { Component, CUSTOM_ELEMENTS_SCHEMA, type ElementRef, viewChild } from '@angular/core';

@Component({
  selector: 'tidewater-markup',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `<billhook-widget
    #widget
    token-url="/billing/token"
    (billhook-change)="revision = $event.snapshot.revision"
  />`,
})
export class Markup {
  protected revision: string | undefined;
  readonly widget = viewChild<ElementRef<BillhookWidget>>('widget');
}
