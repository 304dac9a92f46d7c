/** Every error of this package: a stable code to branch on, and words for the developer who reads it. */

export { BillhookOptionError, type OptionErrorCode } from '../../src/tokens/option-error.ts';

export type HostErrorCode =
  /** The BFF does not answer, or asks for patience. */
  | 'billing_unreachable'
  /** The BFF refuses the token: a secret, an issuer, an address or a clock is wrong. `problem` has its code. */
  | 'billing_refused'
  /** What answered is no BFF (a page, a redirect), or speaks of another account. */
  | 'answer_invalid'
  /** A notice has no signature, or one that none of the secrets made. */
  | 'notice_signature_invalid'
  /** A notice was signed longer ago than the tolerance, or in the future. */
  | 'notice_too_old'
  | 'notice_malformed';

export class BillhookHostError extends Error {
  override readonly name = 'BillhookHostError';
  readonly code: HostErrorCode;
  /** The BFF's own code, where it gave one: `token_invalid`, `token_audience_wrong`, … */
  readonly problem: string | null;

  constructor(code: HostErrorCode, message: string, options: { cause?: unknown; problem?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.problem = options.problem ?? null;
  }
}
