/** Stripe's events on their way to the ledger: they arrive, once or twice, whole or thin, or get lost; with the answers. */

import { signatureHeader } from '../../demo/stripe-sandbox/webhooks/signature.ts';
import type { History } from './history.ts';
import type { LedgerProcess } from './ledger-under-test.ts';
import type { Readers } from './readers.ts';
import { webhookSecret, type Mail, type StripeAccount } from './stripe-account.ts';

export class PostOffice {
  readonly #stripe: StripeAccount;
  readonly #sends: History['sends'];
  readonly #readers: Readers;
  /** Thin events that were answered with 200. They bind the ledger only once Stripe was asked for their customer. */
  readonly #unresolved: Mail[] = [];
  deliveries = 0;

  constructor(stripe: StripeAccount, sends: History['sends'], readers: Readers) {
    this.#stripe = stripe;
    this.#sends = sends;
    this.#readers = readers;
  }

  /** @param pick - negative: from the newest on. */
  find(state: Mail['state'], pick: number): Mail | undefined {
    const found = this.all(state);
    return pick < 0 ? found.at(pick) : found[pick % found.length];
  }

  all(...states: readonly Mail['state'][]): Mail[] {
    return this.#stripe.mail.filter(({ state }) => states.includes(state));
  }

  /**
   * @param process - `null`: no process listens there, and Stripe tries again later.
   * @param twice - also under a second id, as Stripe sometimes does.
   */
  deliver(mail: Mail, process: LedgerProcess | null, twice = false): void {
    if (!process) return;
    const bodies = { snapshots: [mail.body], thin: [mail.thin], both: [mail.body, mail.thin] }[this.#sends];
    if (twice) bodies.push(mail.body.replace(mail.id, `${mail.id}_twin`));
    void this.#deliver(mail, bodies, process);
  }

  /** The process is dead: its connections were cut, and Stripe has no answer. */
  cut(process: LedgerProcess | null): void {
    for (const mail of this.all('underWay')) if (mail.to === process) mail.state = 'waiting';
  }

  /** Whether some thin event may have become binding. */
  get awaitsHints(): boolean {
    return this.#unresolved.length > 0;
  }

  /** No hint is open any more: thin events owe what whole ones owe at once. */
  hintsAreResolved(): void {
    for (const mail of this.#unresolved.splice(0)) this.#readers.acknowledged(mail);
  }

  async #deliver(mail: Mail, bodies: readonly string[], process: LedgerProcess): Promise<void> {
    const isFirst = mail.state !== 'arrived';
    if (isFirst) mail.state = 'underWay';
    mail.to = process;
    const safe = await Promise.all(bodies.map((body) => this.#send(mail, body, process)));
    if (safe.every(Boolean)) mail.state = 'arrived';
    else if (isFirst) mail.state = 'waiting';
  }

  async #send(mail: Mail, body: string, process: LedgerProcess): Promise<boolean> {
    this.deliveries++;
    // The real clock's time: the signature is checked against it, and against nothing else.
    const signature = signatureHeader(body, [webhookSecret], Math.floor(Date.now() / 1000));
    const isSafe = (await process.webhook(body, signature)) === 200;
    if (isSafe && body === mail.body) this.#readers.acknowledged(mail);
    if (isSafe && body === mail.thin) this.#unresolved.push(mail);
    return isSafe;
  }
}
