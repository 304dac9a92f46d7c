/** A mistake in what a host's code gives: a stable code, the option's name, and what it must be. */

export type OptionErrorCode =
  | 'account_invalid'
  | 'audience_invalid'
  | 'customer_invalid'
  | 'email_invalid'
  | 'expires_in_invalid'
  | 'feature_unknown'
  | 'issuer_missing'
  | 'level_invalid'
  | 'name_invalid'
  | 'not_guarded'
  | 'option_invalid'
  | 'option_unknown'
  | 'plan_unknown'
  | 'private_key_invalid'
  | 'scope_invalid'
  | 'secret_missing'
  | 'secret_weak'
  | 'undecided'
  | 'url_invalid'
  | 'webhook_secret_invalid';

/** @example `secret is not set: …`, with the code `secret_missing` and the option `secret` */
export class BillhookOptionError extends TypeError {
  override readonly name = 'BillhookOptionError';
  readonly code: OptionErrorCode;
  readonly option: string;

  /** @param must - what the option must be, to be read after its name. It never repeats what was given */
  constructor(code: OptionErrorCode, option: string, must: string, cause?: unknown) {
    super(`${option} ${must}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.option = option;
  }
}
