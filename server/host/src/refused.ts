/** What an answer that brings no access is: the BFF's refusal, with the setting to correct, or no answer of a BFF at all. */

import type { ProblemCode } from './contract.ts';
import { BillhookHostError } from './errors.ts';

/** The setting of this backend that each refusal of its token is about. */
const corrections: Partial<Record<ProblemCode, string>> = {
  token_invalid:
    'secret must be the one that the BFF has for this host: its BILLHOOK_HOST_SECRET, where a comma would separate two',
  token_issuer_unknown: 'issuer must be the host’s id at the BFF',
  token_audience_wrong: 'audience (default: url) must be the BFF’s public address (its BILLHOOK_URL)',
  token_expired: 'compare this machine’s clock with the BFF’s',
};

/** Of these a wrong clock may be the cause. */
const ofClocks: ReadonlySet<string> = new Set<ProblemCode>(['token_expired', 'token_malformed']);

const minute = 60_000;

/** @param now - this machine's clock, in Unix milliseconds */
export function refused(status: number, headers: Headers, said: Record<string, unknown> | null, now: number) {
  const { code, detail } = said ?? {};
  // Where a redirect is not followed, some platforms hide its status.
  if (status === 0 || (status >= 300 && status < 400)) return notOfBff('it is a redirect, and none is followed');
  if (typeof code !== 'string') return notOfBff(`it is ${status} without a problem’s code`);
  const correction = (ofClocks.has(code) ? clocks(headers, now) : null) ?? corrections[code as ProblemCode];
  const words = typeof detail === 'string' ? detail : `it answered ${status}`;
  const message = `the BFF refuses: ${words}${correction === undefined ? '' : ` (${correction})`}`;
  return new BillhookHostError('billing_refused', message, { problem: code });
}

export const notOfBff = (answer: string): BillhookHostError =>
  new BillhookHostError('answer_invalid', `no BFF of Billhook’s answers under this url: ${answer}`);

/** How far this machine's clock is from the answer's, where that is worth a word. */
function clocks(headers: Headers, now: number): string | null {
  const ahead = now - Date.parse(headers.get('date') ?? '');
  if (!(Math.abs(ahead) >= minute)) return null;
  const minutes = Math.round(Math.abs(ahead) / minute);
  return `this machine’s clock is ${minutes} min ${ahead > 0 ? 'ahead of' : 'behind'} the BFF’s`;
}
