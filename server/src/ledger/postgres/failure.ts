/** Failures of PostgreSQL, its driver or the network, in words that an operator can act on. */

import { DatabaseError } from 'pg';
import { StoreUnavailableError } from '../errors.ts';

/** By SQLSTATE, or by the code of the connection's failure. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the database server cannot be reached',
  ECONNRESET: 'the connection to the database server broke',
  EHOSTUNREACH: 'the database server cannot be reached',
  ENOTFOUND: 'the database server’s name is not known',
  ETIMEDOUT: 'the database server does not answer',
  '25006': 'the database is read-only',
  '28000': 'the database server refuses this user',
  '28P01': 'the database server refuses this user or password',
  '3D000': 'there is no such database on the server',
  '42501': 'the database user lacks a right',
  '53100': 'the database’s disk is full',
  '53300': 'the database server has no connection left',
  '55P03': 'the database took too long: a row stayed locked',
  '57014': 'the database took too long',
  '57P01': 'the database server is stopping',
  '57P02': 'the database server crashed',
  '57P03': 'the database server is starting or stopping',
};

/** @param doing - what could not be done, where the code does not say more */
export function unavailable(cause: unknown, doing = 'the ledger cannot be used'): StoreUnavailableError {
  if (cause instanceof StoreUnavailableError) return cause;
  // A name with several addresses fails with one error an address, and none of its own.
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  return new StoreUnavailableError(words[stateOf(first)] ?? doing, { cause: first });
}

/**
 * The connection is of no use any more: it broke, or leads to a server that no longer takes writes, as after a fail-over.
 * A new one finds the server's new place.
 */
export function brokeConnection(failure: unknown): boolean {
  if (!(failure instanceof StoreUnavailableError)) return false;
  return !(failure.cause instanceof DatabaseError) || /^(?:25006|57P|08)/.test(stateOf(failure.cause));
}

/** The SQLSTATE, or the code of the connection's failure. */
const stateOf = (cause: unknown): string => String((cause as { code?: unknown } | null)?.code ?? '');
