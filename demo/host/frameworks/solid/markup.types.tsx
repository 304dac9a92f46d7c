/** Uses that the elements' types must refuse. Compiled with the page, never run. */
import '@billhook/widget/solid';
import type { BillhookWidget } from '@billhook/widget';

declare let widget: BillhookWidget;

export const right = () => [
  <billhook-widget ref={widget} token-url="/billing/token" theme="auto" target="_blank" class="wide" hidden />,
  <billhook-plan-status
    account="team_1"
    token-credentials="include"
    on:billhook-error={({ code }) => code satisfies string}
  />,
  <billhook-past-due-banner api="https://billing.example" on:billhook-change={({ previous }) => previous?.revision} />,
  <billhook-manage-button slot="side" on:billhook-action={(event) => event.preventDefault()} />,
  widget.tokenUrl,
];

export const wrong = () => [
  // @ts-expect-error -- no such attribute
  <billhook-widget tokenurl="/billing/token" />,
  // @ts-expect-error -- no such theme
  <billhook-plan-status theme="blue" />,
  // @ts-expect-error -- an account is a string
  <billhook-manage-button account={7} />,
  // @ts-expect-error -- a snapshot has no such field
  <billhook-widget on:billhook-change={({ snapshot }) => snapshot.customer} />,
  // @ts-expect-error -- no such element
  <billhook-banner />,
];
