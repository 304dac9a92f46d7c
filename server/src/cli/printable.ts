/** A line for a terminal: names come from hosts and from Stripe, and a terminal obeys what is written in them. */

/** Control characters, line ends too, and those that turn the order of letters round (UAX #9). */
const obeyed = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * @example
 * printable('Team\u001b[2J'); // 'Team\\u001b[2J'
 */
export const printable = (text: string): string =>
  text.replaceAll(obeyed, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
