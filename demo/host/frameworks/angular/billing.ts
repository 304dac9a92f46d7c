import type { BillhookActionEvent, BillhookChangeEvent, BillhookErrorEvent } from '@billhook/widget';
import { Component, CUSTOM_ELEMENTS_SCHEMA, signal } from '@angular/core';
import { tokenUrlOf } from '../workspace.ts';
import { workspaces } from '../workspaces.ts';

@Component({
  selector: 'tidewater-billing',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <div class="controls">
      <label>
        Workspace
        <select #choice [value]="account()" (change)="account.set(choice.value)">
          @for (workspace of workspaces; track workspace.id) {
            <option [value]="workspace.id">{{ workspace.name }}</option>
          }
        </select>
      </label>
      <label><input type="checkbox" #box (change)="stay.set(box.checked)" /> Handle actions here</label>
      <button type="button" (click)="shown.set(!shown())">{{ shown() ? 'Hide' : 'Show' }} billing</button>
    </div>
    @if (shown()) {
      <billhook-widget
        [account]="account()"
        [tokenUrl]="tokenUrlOf(account())"
        (billhook-change)="changed($event)"
        (billhook-action)="pressed($event)"
        (billhook-error)="failed($event)"
      />
    }
    <ol aria-label="Events" class="events">
      @for (line of news(); track $index) {
        <li>{{ line }}</li>
      }
    </ol>
  `,
})
export class Billing {
  protected readonly workspaces = workspaces;
  protected readonly tokenUrlOf = tokenUrlOf;
  protected readonly account = signal(workspaces[0]?.id ?? '');
  protected readonly shown = signal(true);
  protected readonly stay = signal(false);
  protected readonly news = signal<readonly string[]>([]);

  protected changed({ snapshot }: BillhookChangeEvent): void {
    this.#tell(`change: ${snapshot.state}`);
  }

  protected pressed(event: BillhookActionEvent): void {
    this.#tell(`action: ${event.action.purpose}`);
    if (this.stay()) event.preventDefault();
  }

  protected failed({ code }: BillhookErrorEvent): void {
    this.#tell(`error: ${code}`);
  }

  #tell(line: string): void {
    this.news.update((before) => [...before, line]);
  }
}
