/** Names claims that nothing reads to the operator: `customer` for `stripe_customer`, say, would be ignored in silence. */

import type { Log } from '../log.ts';
import type { OnUnknownClaims } from './verify.ts';

/** Hosts' own names are few; more than this are a mistake, and need no more lines. */
const mostLines = 100;

/** Says each host's each set of names once. */
export function unknownClaims(log: Log): OnUnknownClaims {
  const said = new Set<string>();
  return (host, names) => {
    const claims = names.toSorted().join(', ').slice(0, 200);
    const key = JSON.stringify([host, claims]);
    if (said.has(key) || said.size >= mostLines) return;
    said.add(key);
    log.warn('token.claims_unknown', { host, claims });
  };
}
