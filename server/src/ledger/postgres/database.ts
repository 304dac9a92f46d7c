/** One door to PostgreSQL: durable sessions, migrated tables, transactions, failures named. */

import { Pool, types, type ClientBase, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { LastWrites } from '../life.ts';
import type { Row } from '../rows.ts';
import type { PostgresAddress } from './address.ts';
import { brokeConnection, unavailable } from './failure.ts';
import { migrate, refuseUnready } from './schema.ts';
import type { Bind, Session } from './session.ts';
import { assertSettings, beginWithSettings, lendsSessions, setForSession } from './settings.ts';

/** Milliseconds until an attempt to connect, or to get one of the pool's connections, is given up. */
const connectionTimeoutMillis = 5_000;
/** A connection that lay idle for longer is asked whether it still stands: the process may have been frozen meanwhile, */
const doubtAfterMs = 5_000;
/** and it has so long to answer. */
const standingLimitMs = 2_000;
/** A little longer than `statement_timeout`: only where the server cannot even say that it was too slow. */
const answerTimeoutMs = 12_000;

const int8 = 20;

export function connectionOf(address: PostgresAddress) {
  const { connectionString, sessionOptions } = address;
  return {
    connectionString,
    // The operator's own alone: a pooler refuses or drops what it does not know.
    ...(sessionOptions === '' ? {} : { options: sessionOptions }),
    application_name: 'billhook',
    connectionTimeoutMillis,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    types: {
      // Counters and times are safe integers; the driver alone would give them as strings.
      getTypeParser: ((oid: number, format: 'text' | 'binary') =>
        oid === int8 && format !== 'binary' ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
    },
  };
}

/** Is given what a transaction has notified of, when it has ended and before its call resolves. */
type OnTold = (payloads: readonly string[]) => void;

export interface DatabaseOptions {
  /** Connections at most. Default: 10, which eight processes may have on a server of PostgreSQL's own defaults. */
  readonly pool?: number | undefined;
  readonly onTold?: OnTold;
  /** A look alone: the ledger is there and up to date, or it is refused. Default: false */
  readonly looking?: boolean;
}

export class PostgresDatabase implements Session {
  readonly #pool: Pool;
  readonly #begin: string;
  /** When each connection was given back, in Unix milliseconds: other clocks may stand while a process is frozen. */
  readonly lastWrites = new LastWrites();
  readonly #givenBack = new WeakMap<PoolClient, number>();
  /** A pooler lends sessions for a transaction alone: nothing may be told to a session, and none can listen. */
  readonly lent: boolean;

  readonly #onTold: OnTold;

  private constructor(
    address: PostgresAddress,
    { pool = 10, onTold = () => undefined }: DatabaseOptions,
    lent: boolean,
  ) {
    this.lent = lent;
    this.#onTold = onTold;
    this.#begin = lent ? beginWithSettings(address) : 'BEGIN';
    this.#pool = new Pool({
      ...connectionOf(address),
      max: pool,
      idleTimeoutMillis: 30_000,
      // Now and then a new connection, so that all of them follow the server when its name moves.
      maxLifetimeSeconds: 30 * 60,
      ...(lent ? {} : { onConnect: (client: ClientBase) => setForSession(client, address) }),
    });
    // An idle connection that breaks is simply replaced; without a listener it would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /**
   * Connects, and creates or migrates the tables first.
   *
   * @throws {StoreUnavailableError} `store_unavailable`: not reachable, not migratable, newer than this program, or without
   *   the settings that it needs.
   */
  static async open(address: PostgresAddress, options: DatabaseOptions = {}): Promise<PostgresDatabase> {
    const lent = await lendsSessions(connectionOf(address)).catch((cause: unknown) => {
      throw unavailable(cause, 'the database cannot be connected to');
    });
    const db = new PostgresDatabase(address, options, lent);
    try {
      await db.transaction(async (tx) => {
        await assertSettings(tx, address);
        if (options.looking === true) await refuseUnready(tx, address.schema);
        else await migrate(tx, address.schema);
      });
      return db;
    } catch (cause) {
      await db.close();
      throw cause;
    }
  }

  /**
   * Without a trace when `work` rejects. Nothing is tried again here: rows are locked in one order, so no two transactions
   * of ours can wait for each other, and each reads what is committed.
   */
  async transaction<T>(work: (tx: Session) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    const told: string[] = [];
    const tx = sessionOn(client, told);
    let broken = false;
    try {
      await begin(client, this.#begin);
      const result = await work(tx);
      // After a failed statement PostgreSQL answers COMMIT by a rollback, and calls that no error.
      const { command } = await query(client, 'COMMIT');
      if (command !== 'COMMIT') throw new Error(`a transaction ended with ${command}`);
      return result;
    } catch (cause) {
      broken = brokeConnection(cause) || (await isRollbackLost(client));
      throw cause;
    } finally {
      // A commit whose answer was lost may be there all the same.
      this.#onTold(told);
      this.#giveBack(client, broken);
    }
  }

  /** A statement alone is a transaction of its own. */
  async run(sql: string, bind?: Bind): Promise<number> {
    return await this.#alone((session) => session.run(sql, bind));
  }

  async get(sql: string, bind?: Bind): Promise<Row | undefined> {
    return await this.#alone((session) => session.get(sql, bind));
  }

  async all(sql: string, bind?: Bind, name?: string): Promise<Row[]> {
    // A pooler that lends sessions may give the next statement to another one.
    return await this.#alone((session) => session.all(sql, bind, this.lent ? undefined : name));
  }

  async #alone<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (this.lent) return await this.transaction(work);
    const client = await this.#connect();
    const told: string[] = [];
    let broken = false;
    try {
      return await work(sessionOn(client, told));
    } catch (cause) {
      broken = brokeConnection(cause);
      throw cause;
    } finally {
      this.#onTold(told);
      this.#giveBack(client, broken);
    }
  }

  async #connect(): Promise<PoolClient> {
    try {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- each that does not stand is one less in the pool
        const client = await this.#pool.connect();
        // oxlint-disable-next-line no-await-in-loop -- as above
        if (!(await this.#isGone(client))) return client;
        client.release(true);
      }
    } catch (cause) {
      throw unavailable(cause, 'the database cannot be connected to');
    }
  }

  async #isGone(client: PoolClient): Promise<boolean> {
    const givenBack = this.#givenBack.get(client);
    if (givenBack === undefined || Date.now() - givenBack < doubtAfterMs) return false;
    try {
      const question: QueryConfig & { query_timeout: number } = { text: 'SELECT 1', query_timeout: standingLimitMs };
      await client.query(question);
      return false;
    } catch {
      return true;
    }
  }

  #giveBack(client: PoolClient, broken: boolean): void {
    this.#givenBack.set(client, Date.now());
    client.release(broken);
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }
}

/** Several statements in one message, none of them with a value. */
async function begin(client: PoolClient, text: string): Promise<void> {
  try {
    await client.query(text);
  } catch (cause) {
    throw unavailable(cause);
  }
}

async function isRollbackLost(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return false;
  } catch {
    return true;
  }
}

/** @param told - takes what the statements notify of */
function sessionOn(client: PoolClient, told: string[]): Session {
  const asked = (sql: string, bind: Bind = {}, name?: string) => {
    const { news, payloads } = bind;
    if (typeof news === 'string') told.push(news);
    if (typeof payloads === 'object' && payloads !== null) told.push(...payloads);
    return query(client, sql, bind, name);
  };
  return {
    run: async (sql, bind) => (await asked(sql, bind)).rowCount ?? 0,
    get: async (sql, bind) => (await asked(sql, bind)).rows[0],
    all: async (sql, bind, name) => (await asked(sql, bind, name)).rows,
  };
}

async function query(client: PoolClient, sql: string, bind: Bind = {}, name?: string): Promise<QueryResult<Row>> {
  const { text, names } = numbered(sql);
  try {
    const values = names.map((each) => bind[each]);
    return await (name === undefined ? client.query<Row>(text, values) : client.query<Row>({ text, values, name }));
  } catch (cause) {
    throw unavailable(cause);
  }
}

const known = new Map<string, { readonly text: string; readonly names: readonly string[] }>();

/** `@name` as `$1`, the same name always the same number. */
function numbered(sql: string): { readonly text: string; readonly names: readonly string[] } {
  let statement = known.get(sql);
  if (!statement) {
    const names: string[] = [];
    const text = sql.replaceAll(/@(\w+)/g, (_, name: string) => {
      if (!names.includes(name)) names.push(name);
      return `$${names.indexOf(name) + 1}`;
    });
    known.set(sql, (statement = { text, names }));
  }
  return statement;
}
