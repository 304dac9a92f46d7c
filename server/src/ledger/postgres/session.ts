/** Statements on one connection to PostgreSQL. */

import type { Row } from '../rows.ts';

export type Bind = Readonly<Record<string, string | number | null | readonly string[]>>;

/** Statements, with `@name` for what is bound. */
export interface Session {
  /** Answers how many rows changed, or were found. */
  run(sql: string, bind?: Bind): Promise<number>;
  get(sql: string, bind?: Bind): Promise<Row | undefined>;
  /** @param name - under which the session keeps the statement, parsed and planned. Default: it is forgotten */
  all(sql: string, bind?: Bind, name?: string): Promise<Row[]>;
}
