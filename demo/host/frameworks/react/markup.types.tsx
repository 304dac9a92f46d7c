/** Uses that the elements' types must refuse. Compiled with the page, never run. */
import '@billhook/widget/react';
import type { BillhookWidget } from '@billhook/widget';
import { createRef } from 'react';

const widget = createRef<BillhookWidget>();

export const right = [
  <billhook-widget ref={widget} token-url="/billing/token" theme="auto" target="_blank" className="wide" hidden />,
  <billhook-plan-status
    account="team_1"
    token-credentials="include"
    onbillhook-error={({ code }) => code satisfies string}
  />,
  <billhook-past-due-banner api="https://billing.example" onbillhook-change={({ previous }) => previous?.revision} />,
  <billhook-manage-button slot="side" onbillhook-action={(event) => event.preventDefault()} />,
];

export const wrong = [
  // @ts-expect-error -- no such attribute
  <billhook-widget tokenurl="/billing/token" />,
  // @ts-expect-error -- a property's name, which is lost where the script comes late
  <billhook-widget tokenUrl="/billing/token" />,
  // @ts-expect-error -- no such theme
  <billhook-plan-status theme="blue" />,
  // @ts-expect-error -- an account is a string
  <billhook-manage-button account={7} />,
  // @ts-expect-error -- a snapshot has no such field
  <billhook-widget onbillhook-change={({ snapshot }) => snapshot.customer} />,
  // @ts-expect-error -- no such element
  <billhook-banner />,
];
