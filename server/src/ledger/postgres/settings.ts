/**
 * The settings under which every statement runs, and how they get to the server: never by the start of a connection, which
 * a pooler drops without a word. Where a session belongs to its client they are set once and looked at; where a pooler lends
 * one for a transaction alone, each transaction sets its own.
 */

import { Client, type ClientBase, type ClientConfig } from 'pg';
import { StoreUnavailableError } from '../errors.ts';
import type { PostgresAddress } from './address.ts';
import type { Session } from './session.ts';

/**
 * A webhook that was answered 200 must survive a crash, whatever the server's default is; a process that hangs must not
 * keep others from their rows; and a row that another process has just changed is read anew, where a stricter isolation
 * would fail one of the two.
 */
const sessionSettings: Readonly<Record<string, string>> = {
  synchronous_commit: 'on',
  default_transaction_isolation: 'read committed',
  statement_timeout: '10s',
  lock_timeout: '5s',
  idle_in_transaction_session_timeout: '15s',
};

const settingsOf = ({ schema }: PostgresAddress): readonly (readonly [name: string, value: string])[] =>
  Object.entries({ search_path: schema, ...sessionSettings });

/**
 * Sets them for a session, and asks in a second statement whether they stayed.
 *
 * @throws {StoreUnavailableError} `store_unavailable`, with the setting's name
 */
export async function setForSession(client: ClientBase, address: PostgresAddress): Promise<void> {
  const settings = settingsOf(address);
  await client.query(settings.map(([name, value]) => `SET ${name} TO '${value}'`).join('; '));
  const asked = settings.map(([name]) => `current_setting('${name}') AS ${name}`);
  const { rows } = await client.query<Record<string, string>>(`SELECT ${asked.join(', ')}`);
  refuseOthers(settings, rows[0] ?? {});
}

/**
 * Begins a transaction that brings its own settings along: one message, and nothing stays behind in the session. Its own
 * isolation is said at its beginning, for the default is that of transactions to come.
 */
export const beginWithSettings = (address: PostgresAddress): string =>
  [
    'BEGIN ISOLATION LEVEL READ COMMITTED',
    ...settingsOf(address).map(([name, value]) => `SET LOCAL ${name} TO '${value}'`),
  ].join('; ');

/** @throws {StoreUnavailableError} `store_unavailable`, when the transaction has other settings */
export async function assertSettings(tx: Session, address: PostgresAddress): Promise<void> {
  const settings = settingsOf(address);
  const asked = settings.map(([name]) => `current_setting('${name}') AS ${name}`);
  refuseOthers(settings, (await tx.get(`SELECT ${asked.join(', ')}`)) ?? {});
}

function refuseOthers(settings: ReturnType<typeof settingsOf>, found: Readonly<Record<string, unknown>>): void {
  const wrong = settings.find(([name, value]) => found[name] !== value);
  if (!wrong) return;
  const [name, value] = wrong;
  const cause = new Error(`${name} is ${String(found[name])}, not ${value}: connect without what stands between`);
  throw new StoreUnavailableError('the database does not keep its session’s settings', { cause });
}

/** Looks at a pooler: with others at work in it, each alone misses one time in five. */
const looksAtPooler = 20;

/**
 * Whether something between us and the server lends its sessions for a transaction alone, as PgBouncer's transaction mode
 * does: then a session that one connection was just answered by serves another's transaction, or is another one afterwards.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS: the key's process is the
 *   session's own, unless a pooler answers for many sessions by a key that it made up.
 */
export async function lendsSessions(config: ClientConfig): Promise<boolean> {
  const [first, second] = [new Client(config), new Client(config)];
  const clients = [first, second];
  for (const client of clients) client.on('error', () => undefined);
  const sessionOf = async (client: Client) =>
    (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  try {
    await first.connect();
    await second.connect();
    const own = await sessionOf(first);
    const looks = keyProcessOf(first) === own ? 1 : looksAtPooler;
    for (let look = 0; look < looks; look += 1) {
      // oxlint-disable no-await-in-loop -- one look after the other
      await second.query('BEGIN');
      const borrowed = await sessionOf(second);
      // With one session in all the next question would wait for this transaction's end.
      if (borrowed === own || (await sessionOf(first)) !== own) return true;
      await second.query('COMMIT');
      // oxlint-enable no-await-in-loop
    }
    return false;
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

/** The server process that the key of cancelling names; the driver's types do not tell of it. */
const keyProcessOf = (client: Client): unknown => Reflect.get(client, 'processID');
