/** Times and spans as an operator reads them: UTC, and no more digits than matter. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** @example timeText(0); // '1970-01-01 00:00:00 UTC' */
export const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/**
 * @example
 * spanText(412); // '0.41 s'
 * spanText(192_000); // '3 min 12 s'
 */
export function spanText(milliseconds: number): string {
  const span = Math.max(0, milliseconds);
  if (span < 10 * second) return `${(span / second).toFixed(2)} s`;
  if (span < minute) return `${Math.round(span / second)} s`;
  const [big, bigName, small, smallName] =
    span < hour ? [minute, 'min', second, 's'] : span < 2 * day ? [hour, 'h', minute, 'min'] : [day, 'days', hour, 'h'];
  const rest = Math.floor((span % (big as number)) / (small as number));
  return `${Math.floor(span / (big as number))} ${bigName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
}

/**
 * A span as it is written on a command line.
 *
 * @example spanOf('7d'); // 604_800_000
 * @returns Milliseconds; `null` when it is none.
 */
export function spanOf(text: string): number | null {
  const [, value, unit] = /^(\d+)\s*(m|min|h|d)$/.exec(text) ?? [];
  if (value === undefined) return null;
  return Number(value) * (unit === 'd' ? day : unit === 'h' ? hour : minute);
}
