/**
 * The server's log. Fields are a closed list, so a token, a secret or a Stripe address cannot get into a log by
 * accident: there is no field to put it in.
 */

export interface LogFields {
  readonly host?: string;
  readonly account?: string;
  readonly customer?: string;
  /** The customer that another one has replaced. */
  readonly before?: string;
  /** The name of a portal configuration. */
  readonly configuration?: string;
  readonly event?: string;
  /** A notice's id, as its host sees it. */
  readonly notice?: string;
  readonly type?: string;
  readonly code?: string;
  readonly status?: number;
  readonly method?: string;
  /** Of a request, or of a file. */
  readonly path?: string;
  /** Of a page, or of an address that was asked for. */
  readonly origin?: string;
  /** As a refused token names them. */
  readonly issuer?: string;
  readonly audience?: string;
  /** Names of a token's claims that nothing reads. */
  readonly claims?: string;
  /** The name of an environment variable, never its value. */
  readonly variable?: string;
  readonly count?: number;
  readonly milliseconds?: number;
  readonly attempts?: number;
  readonly port?: number;
  /** A cause's name and message, with keys and addresses blanked by {@link describeCause}. */
  readonly cause?: string;
  /** Part of the audit trail: an opening or a refusal. */
  readonly audit?: true;
}

/** One line per occurrence; `what` is a stable, dotted name such as `sync.failed`. */
export interface Log {
  info(what: string, fields?: LogFields): void;
  warn(what: string, fields?: LogFields): void;
  error(what: string, fields?: LogFields): void;
}

/** For library users that want silence. */
export const silentLog: Log = { info() {}, warn() {}, error() {} };

/** Each alternative takes what it began with, to its end: a pattern that could fail late would look at a text again and again. */
const secrets =
  /\b(?:(?:sk|rk|pk)_(?:test|live)_\w+|whsec_[\w+/=-]+|eyJ[\w.-]*)|(?:https?|postgres(?:ql)?):\/\/[^\s)'"]+/g;

/** Characters of a cause that are looked at, and kept. */
const looked = 10_000;
const kept = 500;

/** A cause in one line, safe to keep: keys, tokens and addresses are blanked, wherever a driver may have put them. */
export function describeCause(cause: unknown): string {
  const line = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const root = cause instanceof Error && cause.cause instanceof Error ? ` (${cause.cause.message})` : '';
  return (line + root).slice(0, looked).replaceAll(secrets, '[redacted]').slice(0, kept);
}
