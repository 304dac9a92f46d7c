/**
 * A ledger of one process, to which Stripe's events arrive at once and in order: lives without faults of the way, to
 * compare what is said with what happened, step by step.
 */

import type { NextPayment } from '@billhook/widget/contract';
import { signatureHeader } from '../../demo/stripe-sandbox/webhooks/signature.ts';
import { accounts } from './history.ts';
import { untilItWaits } from './interleaving.ts';
import type { Ledger, LedgerProcess, Machine, OpenLedger, Seen, ToldNotice } from './ledger-under-test.ts';
import { actions, type ActionName } from './stripe-actions.ts';
import { apiUrl, beginning, StripeAccount, webhookSecret, type Mail } from './stripe-account.ts';
import { stripeTransport } from './stripe-transport.ts';
import { VirtualTime } from './virtual-time.ts';

const [account] = accounts;
/** Turns of the event loop in which a ledger that answers comes to rest; more means that it never does. */
const mostTurns = 2_000;

export class PromptLedger {
  readonly customer: string;
  readonly stripe: StripeAccount;
  /** The host's notices, in order. */
  readonly heard: ToldNotice[];
  readonly #time: VirtualTime;
  readonly #ledger: Ledger;
  readonly #process: LedgerProcess;
  readonly #restore: () => void;
  readonly #road: { isDown: boolean };

  static async open(open: OpenLedger): Promise<PromptLedger> {
    const time = new VirtualTime(beginning);
    const restore = time.install();
    const stripe = await StripeAccount.open(time);
    const customer = await stripe.newCustomer(account, { isNoted: false });
    const road = { isDown: false };
    const heard: ToldNotice[] = [];
    const machine: Machine = {
      name: 'one',
      now: () => time.now,
      monotonic: () => time.now,
      databaseNow: async () => time.now,
      truth: () => time.now,
      fetch: (async (input: string | URL | Request, init?: RequestInit) =>
        await way(input, init)) as unknown as typeof globalThis.fetch,
      step: async (_what, work) => await work(),
      tell: async (notice) => void heard.push(notice),
    };
    const way = stripeTransport(stripe, () => (road.isDown ? 'serverError' : null), { requests: 0 });
    const access = { secretKey: stripe.sandbox.secretKey, webhookSecret, apiUrl };
    const ledger = await open({ stripe: access, accounts: [account], processes: 1, keepsCopies: false });
    const process = await ledger.start(machine);
    await process.link(account, customer);
    const prompt = new PromptLedger({ time, restore, stripe, customer, road, heard, ledger, process });
    await prompt.settle();
    return prompt;
  }

  private constructor(parts: {
    time: VirtualTime;
    restore: () => void;
    stripe: StripeAccount;
    customer: string;
    road: { isDown: boolean };
    heard: ToldNotice[];
    ledger: Ledger;
    process: LedgerProcess;
  }) {
    this.#time = parts.time;
    this.#restore = parts.restore;
    this.stripe = parts.stripe;
    this.customer = parts.customer;
    this.#road = parts.road;
    this.heard = parts.heard;
    this.#ledger = parts.ledger;
    this.#process = parts.process;
  }

  async act(action: ActionName, n: number): Promise<void> {
    await actions[action](this.stripe, this.customer, n);
    await this.settle();
  }

  /** @param isDown - Stripe goes on with its business, and answers nothing. */
  async pass(ms: number, isDown = false): Promise<void> {
    this.#road.isDown = isDown;
    await this.stripe.pass(ms);
    this.#time.pass(0);
    await this.settle();
  }

  /** @param mayManage - of the token that reads */
  async read(mayManage = true): Promise<Seen> {
    return await this.#process.read(account, mayManage);
  }

  get now(): number {
    return this.#time.now;
  }

  async open(): Promise<string> {
    return (await this.#process.open(account)) ?? '';
  }

  async return(visit: string) {
    const answer = this.#process.return(account, visit);
    await this.settle();
    return await answer;
  }

  async invoicePage(): Promise<string | null> {
    return await this.#process.invoicePage(account);
  }

  async nextPayment(): Promise<NextPayment | null> {
    return await this.#process.nextPayment(account);
  }

  /** Everything that Stripe has sent has arrived, was synced and told; without Stripe, as far as that goes. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < mostTurns; turn++) {
      const waiting = this.stripe.mail.filter(({ state }) => state === 'waiting');
      await Promise.all(waiting.map((mail) => this.#deliver(mail)));
      await untilItWaits();
      const { stale, hints, untold } = await this.#ledger.restless();
      if (waiting.length === 0 && untold === 0 && (this.#road.isDown ? turn > 50 : stale + hints === 0)) return;
      // A back-off and a look's rest end by the clock alone.
      if (turn % 20 === 19) this.#time.pass(turn < 400 ? 1_000 : 60_000);
    }
    throw new Error(`never comes to rest: ${JSON.stringify(await this.#ledger.restless())}`);
  }

  async #deliver(mail: Mail): Promise<void> {
    const signature = signatureHeader(mail.body, [webhookSecret], Math.floor(Date.now() / 1000));
    if ((await this.#process.webhook(mail.body, signature)) === 200) mail.state = 'arrived';
  }

  async close(): Promise<void> {
    this.#process.abandon();
    await this.#ledger.close();
    this.stripe.close();
    this.#restore();
  }
}
