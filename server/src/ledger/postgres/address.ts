/** `postgres://user:password@host:5432/database?schema=billhook`: where a ledger is, as its operator writes it. */

export interface PostgresAddress {
  /** For the driver: everything but the schema. */
  readonly connectionString: string;
  /** All tables are in it, so that a host's own database can hold a ledger too. */
  readonly schema: string;
  /** The operator's own settings for the start of each session (`?options=-c…`). */
  readonly sessionOptions: string;
}

const defaultSchema = 'billhook';

export const isPostgresAddress = (text: string): boolean => /^postgres(?:ql)?:/i.test(text);

/**
 * The problem with the address, to be read after the option's name and without its password; `null` when there is none.
 */
export function postgresAddressProblem(text: string): string | null {
  if (!/^postgres(?:ql)?:\/\//i.test(text)) return 'must start with "postgres://"';
  // The driver decodes these; most often it fails on a password that was not encoded.
  if (!URL.canParse(text) || isMisencoded(text)) {
    return 'must be a web address such as postgres://user:password@host:5432/database, with the password percent-encoded';
  }
  const { pathname, searchParams } = new URL(text);
  if (pathname.length < 2) return 'must name a database: postgres://user:password@host:5432/database';
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(searchParams.get('schema') ?? defaultSchema)) {
    return 'must name a schema of small letters, digits and "_", of at most 63';
  }
  return null;
}

/** @param text - without a {@link postgresAddressProblem} */
export function readPostgresAddress(text: string): PostgresAddress {
  const url = new URL(text);
  const schema = url.searchParams.get('schema') ?? defaultSchema;
  const sessionOptions = url.searchParams.get('options') ?? '';
  url.searchParams.delete('schema');
  url.searchParams.delete('options');
  return { connectionString: url.href, schema, sessionOptions };
}

function isMisencoded(text: string): boolean {
  try {
    const { username, password, pathname } = new URL(text);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return false;
  } catch {
    return true;
  }
}
