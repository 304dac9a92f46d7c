/** The run's one PostgreSQL, from inside a test. */

import { inject } from 'vitest';
import { databasesAt, type Databases } from './postgres.ts';

/**
 * The server that `postgres.setup.ts` starts when it is first asked for, which takes less than a second.
 *
 * @example
 * ```ts
 * const database = await (await sharedPostgres()).createDatabase();
 * ```
 */
export async function sharedPostgres(): Promise<Databases> {
  const answer = await fetch(inject('postgres'));
  if (!answer.ok) throw new Error(await answer.text());
  return databasesAt(await answer.text());
}
