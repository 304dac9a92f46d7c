/** Billhook's elements and their types. Importing this does nothing; `@billhook/widget/define` registers the elements. */
export { BillhookManageButton } from './billhook-manage-button.ts';
export { BillhookPastDueBanner } from './billhook-past-due-banner.ts';
export { BillhookPlanStatus } from './billhook-plan-status.ts';
export { BillhookWidget } from './billhook-widget.ts';
export type * from './contract.ts';
export { BillhookError, type WidgetErrorCode } from './errors.ts';
export { BillhookActionEvent, BillhookChangeEvent, BillhookErrorEvent } from './events.ts';
export { configureBillhook, type BillhookOptions, type GetToken, type TokenRequest } from './registry.ts';
export type { WordKey, Words } from './words.ts';
