/**
 * Runs a history on a ledger, and then lets everything come to rest: events on their way arrive, lost ones are swept,
 * vanished ones are reconciled, dead processes are started again. Then the ledger must equal Stripe.
 */

import { isTerminal } from '../../server/src/billing/judge/subscription.ts';
import { BrokenPromise } from './broken-promise.ts';
import { accounts, beginnings, furthestAheadMs, type Fault, type Happening, type History } from './history.ts';
import { NoticeObserver } from './notice-observer.ts';
import { Interleaving, untilItWaits } from './interleaving.ts';
import type { Ledger, OpenLedger } from './ledger-under-test.ts';
import { Pages } from './pages.ts';
import { PostOffice } from './webhook-transport.ts';
import { Processes } from './processes.ts';
import { accessWith, Readers } from './readers.ts';
import { actions } from './stripe-actions.ts';
import { contentOf } from './facts-content.ts';
import { apiUrl, StripeAccount, webhookSecret } from './stripe-account.ts';
import { stripeTransport } from './stripe-transport.ts';
import { Trips } from './trips.ts';
import { VirtualTime } from './virtual-time.ts';

/** How much happened in a history. */
export interface Tally {
  readonly steps: number;
  readonly deliveries: number;
  readonly crashes: number;
  readonly requests: number;
  readonly versions: number;
  readonly reads: number;
  readonly torn: number;
  readonly notices: number;
  readonly told: number;
  readonly debts: number;
  readonly restores: number;
  readonly kept: number;
}

/** Milliseconds between tries to come to rest: ever longer, so that each lease, back-off and moment gets its turn. */
const patience = [1, 2_000, 10_000, 10_000, 60_000, 60_000, 4e5, 4e5, 4e5, 4e5, 4e6, 8e6];

/** Milliseconds at rest until the clock of a lone process is right again. */
const untilSetRight = 1_000_000;

/** @throws {BrokenPromise} with the last of what was carried out. */
export async function liveThrough(history: History, open: OpenLedger): Promise<Tally> {
  const time = new VirtualTime(beginnings[history.startsAt]);
  const restore = time.install();
  const life = await Life.begin(time, history, open);
  try {
    for (const happening of history.happenings) {
      await life.live(happening);
      await life.look();
    }
    await life.comeToRest();
    return life.tally;
  } catch (cause) {
    if (cause instanceof BrokenPromise) cause.message += `\n${life.trace.slice(-60).join('\n')}`;
    throw cause;
  } finally {
    await life.end();
    restore();
  }
}

class Life {
  readonly #time: VirtualTime;
  readonly #stripe: StripeAccount;
  readonly #ledger: Ledger;
  readonly #readers: Readers;
  /** The host, as far as it heard of this life of the ledger. */
  #observer = new NoticeObserver();
  readonly #post: PostOffice;
  readonly #interleaving = new Interleaving();
  readonly #processes: Processes;
  readonly #trips: Trips;
  readonly #pages = new Pages();
  /** Its processes count by the clock of their database. Alone, a process has its machine's clock only. */
  readonly #isShared: boolean;
  #restores = 0;
  /** Notices heard in earlier lives of the ledger. */
  #notices = 0;
  /** Accounts that owed something at the end. */
  #debts = 0;
  /** A promise broken in work that is not awaited. */
  #broken: BrokenPromise | null = null;
  readonly #faults: Fault[] = [];
  readonly #transportTally = { requests: 0 };
  /** Of the cron. */
  #calls = 0;
  /** By account: its customer at Stripe. */
  readonly #customers = new Map<string, string>();

  static async begin(time: VirtualTime, history: History, open: OpenLedger): Promise<Life> {
    const stripe = await StripeAccount.open(time);
    const access = { secretKey: stripe.sandbox.secretKey, webhookSecret, apiUrl };
    const ledger = await open({
      stripe: access,
      accounts,
      processes: history.processes,
      keepsCopies: history.keepsCopies,
    });
    const life = new Life(time, stripe, ledger, history);
    for (const account of accounts) {
      const customer = await life.#newCustomer(account);
      if (history.begins === 'subscribed') await actions.subscribe(stripe, customer, 0);
    }
    if (history.begins !== 'withNothing') await life.#tryToRest();
    return life;
  }

  private constructor(time: VirtualTime, stripe: StripeAccount, ledger: Ledger, { processes, sends }: History) {
    this.#time = time;
    this.#stripe = stripe;
    this.#ledger = ledger;
    this.#isShared = processes > 1 || ledger.needsCron;
    this.#readers = new Readers(stripe, this.#isShared ? 0 : furthestAheadMs);
    this.#trips = new Trips(() => time.now);
    this.#post = new PostOffice(stripe, sends, this.#readers);
    const transport = stripeTransport(stripe, () => this.#faults.shift() ?? null, this.#transportTally);
    const newMachine = (name: string, now: () => number) =>
      this.#interleaving.machine(name, { now, truth: () => time.now }, transport, async (notice) =>
        this.#observer.receive(notice),
      );
    this.#processes = new Processes(ledger, processes, time, this.#interleaving, newMachine, () => this.look());
  }

  get trace(): readonly string[] {
    return this.#interleaving.trace;
  }

  get tally(): Tally {
    const { steps, crashes } = this.#processes;
    const { reads, torn } = this.#readers;
    const versions = [...this.#customers.values()].map((customer) => this.#stripe.versions(customer).length);
    return {
      steps,
      crashes,
      reads,
      torn,
      deliveries: this.#post.deliveries,
      requests: this.#transportTally.requests,
      versions: versions.reduce((sum, count) => sum + count, 0),
      notices: this.#notices + this.#observer.received,
      told: this.#trips.told,
      debts: this.#debts,
      restores: this.#restores,
      kept: this.#pages.kept,
    };
  }

  async live(happening: Happening): Promise<void> {
    this.#time.now++;
    switch (happening.is) {
      case 'stripe':
        await actions[happening.action](this.#stripe, this.#customerOf(happening.account), happening.n);
        break;
      case 'time':
        await this.#pass(happening.ms);
        this.#cron();
        break;
      case 'deliver':
        for (const pick of happening.mail) {
          const mail = this.#post.find('waiting', pick);
          if (mail) this.#post.deliver(mail, this.#processes.at(happening.to).process, happening.twice);
        }
        break;
      case 'again': {
        const mail = this.#post.find('arrived', happening.mail);
        if (mail) this.#post.deliver(mail, this.#processes.at(happening.to).process);
        break;
      }
      case 'lose': {
        const mail = this.#post.find('waiting', happening.mail);
        if (mail) mail.state = happening.noticed ? 'lost' : 'vanished';
        break;
      }
      case 'go':
        for (const pick of happening.picks) await this.#processes.go(pick);
        break;
      case 'work':
        await this.#processes.work(happening.process, happening.until);
        break;
      case 'slow':
        this.#processes.slow(happening.process, happening.at);
        break;
      case 'crash':
        this.#post.cut(await this.#processes.crash(happening.process, happening.after));
        break;
      case 'start':
        this.#processes.start(happening.process);
        break;
      case 'clock':
        this.#processes.setClock(happening.process, happening.offMs);
        break;
      case 'freeze':
        this.#processes.freeze(happening.process, happening.isFrozen);
        break;
      case 'copy':
        this.#ledger.copy();
        break;
      case 'restore':
        await this.#restore();
        break;
      case 'fault':
        for (let times = 0; times < happening.times; times++) this.#faults.push(happening.fault);
        break;
      case 'link':
        this.#link(accounts[happening.account] ?? accounts[0], happening.by);
        break;
      case 'open': {
        const { process } = this.#processes.at(happening.by);
        if (process) void this.#trips.open(accounts[happening.account] ?? accounts[0], process).catch(() => undefined);
        break;
      }
      case 'return':
        for (const pick of happening.visits) this.#return(this.#trips.find(pick), happening.by);
        break;
      case 'newCustomer':
        if (this.#isDeleted(this.#customerOf(happening.account))) {
          await this.#newCustomer(accounts[happening.account] ?? accounts[0]);
        }
        break;
      case 'heal':
        void this.#processes
          .at(happening.process)
          .process?.[happening.how]()
          .catch(() => false);
        break;
    }
    await untilItWaits();
  }

  async #restore(): Promise<void> {
    for (const process of await this.#processes.crashAll()) this.#post.cut(process);
    if (await this.#ledger.restore(this.#time.now)) {
      this.#readers.beginAnew();
      this.#notices += this.#observer.received;
      this.#observer = new NoticeObserver();
      this.#restores++;
    }
    this.#processes.startAll();
  }

  /** A reader of each account looks, now through this process and now through that. */
  async look(): Promise<void> {
    if (this.#broken) throw this.#broken;
    if (this.#ledger.thrownAway() > 0) throw new BrokenPromise('a look that ended in time was thrown away');
    if (this.#post.awaitsHints && (await this.#ledger.restless()).hints === 0) this.#post.hintsAreResolved();
    const { alive } = this.#processes;
    const process = alive[this.#readers.reads % alive.length];
    if (!process) return;
    for (const account of accounts) {
      const seen = await process.read(account);
      this.#readers.see(account, seen, this.#time.now);
      this.#observer.observe(seen);
      await this.#pages.ask(account, process, seen);
    }
    this.#observer.mustBeInOrder();
  }

  /** @throws {BrokenPromise} when it does not, or when the ledger is not what Stripe is then. */
  async comeToRest(): Promise<void> {
    this.#faults.length = 0;
    this.#processes.noneIsSlow();
    this.#processes.startAll();
    // A lone server goes on by a wrong clock for a while.
    const isLone = !this.#isShared;
    let passed = 0;
    for (const ms of patience) {
      passed += ms;
      if (isLone && passed > untilSetRight) await this.#setClocksRight();
      await this.#pass(ms);
      await this.#tryToRest();
      if ((!isLone || passed > untilSetRight) && (await this.#isAtRest())) return await this.#mustBeTrue();
    }
    const { stale, hints, untold } = await this.#ledger.restless();
    const mail = this.#post.all('waiting', 'underWay', 'lost', 'vanished').map(({ type, state }) => `${type} ${state}`);
    const pages = this.#trips.waiting.length;
    throw new BrokenPromise(
      `never comes to rest: ${stale} stale, ${hints} open hints, ${untold} untold, ${pages} pages waiting; on their way: ${mail.join(', ')}`,
    );
  }

  /** Until then a wrong clock has stopped nothing. @throws {BrokenPromise} */
  async #setClocksRight(): Promise<void> {
    const { stale, hints } = await this.#ledger.restless();
    if (stale + hints > 0) {
      throw new BrokenPromise(`never comes to rest while a clock is wrong: ${stale} stale, ${hints} open hints`);
    }
    this.#processes.allClocksAreRight();
  }

  async end(): Promise<void> {
    this.#processes.killAll();
    await this.#ledger.close();
    this.#stripe.close();
  }

  async #tryToRest(): Promise<void> {
    await untilItWaits();
    this.#cron();
    await this.#processes.goOn();
    for (const account of accounts) this.#link(account, 0);
    for (const mail of this.#post.all('waiting')) this.#post.deliver(mail, this.#processes.at(0).process);
    await untilItWaits();
    await this.#processes.goOn();
    this.#cron();
    await this.#processes.goOn();
    // Asked twice: the first may be a page that came back after a silence, and waits for a look.
    for (let asks = 0; asks < 2; asks++) {
      for (const trip of this.#trips.waiting) this.#return(trip, 0);
      await untilItWaits();
      await this.#processes.goOn();
    }
    if (this.#post.find('lost', 0)) await this.#heal('sweep', 'lost');
    if (this.#post.find('vanished', 0)) await this.#heal('reconcile', 'vanished');
    await this.look();
  }

  #return(trip: Trips['waiting'][number] | undefined, by: number): void {
    const { process } = this.#processes.at(by);
    if (!trip || !process) return;
    void this.#trips.return(trip, process).catch((cause: unknown) => {
      if (cause instanceof BrokenPromise) this.#broken = cause;
    });
  }

  async #heal(how: 'sweep' | 'reconcile', state: 'lost' | 'vanished'): Promise<void> {
    const healing: { done: boolean | null } = { done: null };
    const heal = async () => {
      healing.done =
        (await this.#processes
          .at(0)
          .process?.[how]()
          .catch(() => false)) ?? false;
    };
    void heal();
    await untilItWaits();
    for (let rounds = 0; healing.done === null && rounds < 200; rounds++) {
      await this.#processes.goOn();
      await this.#pass(250);
    }
    // Not now: a process that died at this job still has its lease, until that ends.
    if (healing.done !== true) return;
    for (const mail of this.#post.all(state)) {
      // A customer without a subscription is not reconciled: its lost events come late.
      mail.state = state === 'vanished' && this.#isIdle(mail.customer) ? 'waiting' : 'arrived';
    }
  }

  async #isAtRest(): Promise<boolean> {
    const { stale, hints, untold } = await this.#ledger.restless();
    if (this.#trips.waiting.length > 0) return false;
    if (stale + hints + untold > 0 || this.#post.all('waiting', 'underWay', 'lost', 'vanished').length > 0)
      return false;
    // An account's next customer can only be linked after the ledger has learned that the last one was deleted.
    const living = [...this.#customers].filter(([, customer]) => !this.#isDeleted(customer));
    const seen = await Promise.all(living.map(async ([account]) => this.#processes.at(0).process?.read(account)));
    return living.every(([, customer], index) => seen[index]?.customer === customer);
  }

  /** The ledger is what Stripe is, whichever process is asked, and the host has been told. */
  async #mustBeTrue(): Promise<void> {
    for (const [account, customer] of this.#customers) {
      const truth = this.#stripe.versions(customer).at(-1);
      if (!truth) throw new Error('a customer without a version');
      for (const process of this.#processes.alive) {
        const seen = await process.read(account);
        // It was deleted before it could be linked: no promise was ever made about it.
        if (seen.customer !== customer && this.#isDeleted(customer)) continue;
        // Of a deleted customer only that counts: its last look may have begun before its subscriptions ended.
        const isSame = truth.facts.deleted
          ? seen.facts?.deleted
          : seen.facts && contentOf(seen.facts) === truth.content;
        if (isSame !== true) {
          const here = JSON.stringify(seen.facts);
          throw new BrokenPromise(`the ledger is at rest, and not what Stripe is:\n${here}\n${truth.content}`);
        }
        const access = accessWith(truth.facts, this.#time.now);
        const [due, owed] = [seen.snapshot.payment.due?.amount ?? 0, this.#stripe.owed(customer)];
        if (due !== owed && !truth.facts.deleted) throw new BrokenPromise(`${due} is said to be due, and ${owed} is`);
        if (owed > 0) this.#debts++;
        if (seen.access !== access) throw new BrokenPromise(`access is ${seen.access}, and by Stripe ${access}`);
      }
      this.#observer.mustKnow(account, truth.facts);
    }
  }

  /** Calls the processes in turn. One that lives on needs no call, and gets none: its own timers are under test. */
  #cron(): void {
    if (!this.#ledger.needsCron) return;
    void this.#processes
      .at(this.#calls++)
      .process?.upkeep()
      .catch(() => undefined);
  }

  async #pass(ms: number): Promise<void> {
    await this.#stripe.pass(ms);
    this.#time.pass(0);
    await untilItWaits();
  }

  #link(account: string, by: number): void {
    const customer = this.#customers.get(account) ?? '';
    // A failed link is tried again, by a later step of the history or when everything comes to rest.
    void this.#processes
      .at(by)
      .process?.link(account, customer)
      .catch(() => undefined);
  }

  async #newCustomer(account: string): Promise<string> {
    const customer = await this.#stripe.newCustomer(account);
    this.#customers.set(account, customer);
    return customer;
  }

  #customerOf(account: number): string {
    return this.#customers.get(accounts[account] ?? accounts[0]) ?? '';
  }

  #isDeleted(customer: string): boolean {
    return this.#stripe.sandbox.state.deletedCustomers.has(customer);
  }

  #isIdle(customer: string | null): boolean {
    const facts = this.#stripe.versions(customer ?? '').at(-1)?.facts;
    return facts === undefined || facts.subscriptions.every(isTerminal);
  }
}
