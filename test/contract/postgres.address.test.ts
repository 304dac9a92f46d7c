/** The address of a ledger in PostgreSQL, as its operator writes it. */

import { describe, expect, it } from 'vitest';
import {
  isPostgresAddress,
  postgresAddressProblem,
  readPostgresAddress,
} from '../../server/src/ledger/postgres/address.ts';

it('is told from a file’s path by its beginning', () => {
  const addresses = ['postgres://h/app', 'postgresql://h/app', 'POSTGRES:', '/var/postgres:/ledger.db', 'postgre:', ''];
  expect(addresses.map(isPostgresAddress)).toEqual([true, true, true, false, false, false]);
});

describe('a problem of an address', () => {
  it.each(['postgres://h/app', 'postgresql://h/a', 'Postgres://u:%C3%A4@h:5433/app?schema=_b9', 'postgres:///app'])(
    'is none: %s',
    (address) => expect(postgresAddressProblem(address)).toBeNull(),
  );

  const begun = 'must start with "postgres://"';
  const encoded =
    'must be a web address such as postgres://user:password@host:5432/database, with the password percent-encoded';
  const named = 'must name a database: postgres://user:password@host:5432/database';
  const schema = 'must name a schema of small letters, digits and "_", of at most 63';

  it.each([
    ['/postgres://h/app', begun],
    ['postgres:/h/app', begun],
    ['postgres://h:port/app', encoded],
    ['postgres://%zz@h/app', encoded],
    ['postgres://u:%zz@h/app', encoded],
    ['postgres://h/%zz', encoded],
    ['postgres://h', named],
    ['postgres://h/', named],
    ['postgres://h/app?schema=', schema],
    ['postgres://h/app?schema=A', schema],
    ['postgres://h/app?schema=9a', schema],
    ['postgres://h/app?schema=a-b', schema],
    [`postgres://h/app?schema=a${'b'.repeat(63)}`, schema],
  ])('is said: %s', (address, problem) => expect(postgresAddressProblem(address)).toBe(problem));

  it('is not the length of a schema’s name that PostgreSQL takes', () => {
    expect(postgresAddressProblem(`postgres://h/app?schema=${'a'.repeat(63)}`)).toBeNull();
  });
});

it('is read: the driver gets all but what is ours', () => {
  expect(readPostgresAddress('postgres://u:p@h/app')).toEqual({
    connectionString: 'postgres://u:p@h/app',
    schema: 'billhook',
    sessionOptions: '',
  });
  expect(readPostgresAddress('postgres://h/app?schema=second&sslmode=require&options=-cgeqo%3Doff')).toEqual({
    connectionString: 'postgres://h/app?sslmode=require',
    schema: 'second',
    sessionOptions: '-cgeqo=off',
  });
});
