/** Failures of PostgreSQL, its driver or the network: their words, and whether the connection is of use after them. */

import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { brokeConnection, unavailable } from '../../server/src/ledger/postgres/failure.ts';

describe('a failure', () => {
  const withCode = (code: string) => Object.assign(new Error('told by the driver'), { code });
  const ofServer = (code: string) => Object.assign(new DatabaseError('told by the server', 1, 'error'), { code });

  it('is told in words by its code, and its cause is kept', () => {
    const cause = ofServer('53100');
    expect(unavailable(cause)).toMatchObject({ message: 'the database’s disk is full', cause });
    expect(unavailable(unavailable(cause)).cause).toBe(cause);
    for (const unknown of [withCode('EOTHER'), new Error('no code'), null, 'text']) {
      expect(unavailable(unknown)).toMatchObject({ message: 'the ledger cannot be used', cause: unknown });
      expect(unavailable(unknown, 'it cannot be opened').message).toBe('it cannot be opened');
    }
  });

  it('of a name with several addresses is the first one’s', () => {
    const [first, second] = [withCode('ETIMEDOUT'), withCode('ECONNREFUSED')];
    const failure = unavailable(new AggregateError([first, second]));
    expect(failure).toMatchObject({ message: 'the database server does not answer', cause: first });
  });

  it.each([
    ['25006', true],
    ['57P01', true],
    ['57P03', true],
    ['08006', true],
    ['57014', false],
    ['42P08', false],
    ['23505', false],
  ])('of code %s ends the connection: %s', (code, isBroken) => {
    expect(brokeConnection(unavailable(ofServer(code)))).toBe(isBroken);
    expect(brokeConnection(ofServer(code)), 'it is not of the ledger').toBe(false);
  });

  it('of the network ends it', () => {
    expect(brokeConnection(unavailable(withCode('ECONNRESET')))).toBe(true);
    expect(brokeConnection(new Error('of the work'))).toBe(false);
  });
});
