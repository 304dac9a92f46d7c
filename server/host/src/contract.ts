/** The wire's types, as the widget's package has them; a published package brings its own copy (`build/contract.ts`). */

export type {
  Access,
  AccessAnswer,
  AccessItem,
  AccessLevel,
  AccessPlan,
  BillingState,
  ConfirmedBy,
  Problem,
  ProblemCode,
} from '@billhook/widget/contract';
