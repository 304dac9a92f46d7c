/** Billhook's elements and their types. Importing this does nothing; `@billhook/widget/define` registers the elements. */
export { BillhookManageButton } from './elements/billhook-manage-button.ts';
export { BillhookPastDueBanner } from './elements/billhook-past-due-banner.ts';
export { BillhookPlanStatus } from './elements/billhook-plan-status.ts';
export { BillhookWidget } from './elements/billhook-widget.ts';
export type * from './contract.ts';
export { BillhookError, type WidgetErrorCode } from './page/errors.ts';
export { BillhookActionEvent, BillhookChangeEvent, BillhookErrorEvent } from './page/events.ts';
export { configureBillhook, type BillhookOptions, type GetToken, type TokenRequest } from './page/config.ts';
export { forgetBillhook } from './client/forget.ts';
export type { WordKey, Words } from './i18n/localizer.ts';
