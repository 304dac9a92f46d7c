/** Something that a ledger promises does not hold. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}
