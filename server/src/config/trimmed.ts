/** A value that was read from a file ends in a newline, and the same text in a variable does not: no option means one (F16). */

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The same options, each text in them without white space around it. Functions and objects of classes stay as they are. */
export function trimmed(given: unknown): unknown {
  if (typeof given === 'string') return given.trim();
  if (Array.isArray(given)) return given.map(trimmed);
  return isPlain(given)
    ? Object.fromEntries(Object.entries(given).map(([name, value]) => [name, trimmed(value)]))
    : given;
}
