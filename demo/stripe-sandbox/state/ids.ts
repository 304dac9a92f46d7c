/**
 * Ids and random choices that are the same for the same seed, so that a test which fails once fails again.
 *
 * @example
 * const ids = createIds(7);
 * ids.next('cus'); // 'cus_1hS0…', always the same first customer under seed 7
 */
export interface Ids {
  /** The next id with this prefix. */
  next(prefix: string): string;
  /** An unguessable-looking token of `length` letters and digits. */
  token(length: number): string;
  /** In the shape of a random UUID. */
  uuid(): string;
  /** A number in [0, 1). */
  random(): number;
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export function createIds(seed: number): Ids {
  let state = seed >>> 0;
  let counter = 0;

  // mulberry32: small, well spread, and the same everywhere.
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  const token = (length: number): string =>
    Array.from({ length }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join('');

  return {
    next(prefix) {
      counter += 1;
      // The counter keeps ids unique whatever the generator does.
      return `${prefix}_1${token(14)}${counter.toString(36).padStart(6, '0')}`;
    },
    token,
    uuid: () => 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replaceAll('x', () => Math.floor(random() * 16).toString(16)),
    random,
  };
}
