/** Sending events to webhook endpoints: well, or as badly as a test asks for. */

import { wants, type State } from '../state/state.ts';
import type { EventType, SandboxEvent } from '../state/wire.ts';
import { createDeliveryLog, type DeliveryLog } from './delivery-log.ts';
import { createDeliveryQueue, type DeliveryQueue } from './delivery-queue.ts';
import type { Deliveries, DeliveriesOptions, Delivery, DeliveryRule, DeliverySettings } from './delivery.ts';
import { isOwnEndpoint } from '../state/loopback.ts';
import { createEndpoints, type Endpoints } from './endpoints.ts';

export type { Deliveries, Delivery, DeliveryRule, DeliverySettings } from './delivery.ts';

const defaults = (): DeliverySettings => ({
  retryAfterMs: [2_000, 10_000, 60_000],
  timeoutMs: 10_000,
  delayMs: 0,
  copies: 1,
  twins: false,
  order: 'asSent',
  lose: 'no',
  concurrency: 4,
});

export const createDeliveries = (options: DeliveriesOptions): Deliveries => new Dispatcher(options);

class Dispatcher implements Deliveries {
  readonly settings = defaults();
  readonly #state: State;
  readonly #onAcknowledged: DeliveriesOptions['onAcknowledged'];
  readonly #log: DeliveryLog = createDeliveryLog();
  readonly #endpoints: Endpoints;
  readonly #queue: DeliveryQueue;
  readonly #rules: (DeliveryRule & { times: number })[] = [];
  readonly #timers = new Map<NodeJS.Timeout, () => void>();
  readonly #idle: (() => void)[] = [];
  readonly #twins = new Set<string>();
  readonly #closing = new AbortController();
  #outbox: SandboxEvent[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #paused = false;

  constructor({ state, onAcknowledged }: DeliveriesOptions) {
    this.#state = state;
    this.#onAcknowledged = onAcknowledged;
    this.#endpoints = createEndpoints(state);
    this.#queue = createDeliveryQueue(
      () => this.settings.concurrency,
      () => this.#rest(),
    );
    state.events.listen((event) => this.#take(event));
  }

  get paused(): boolean {
    return this.#paused;
  }
  get list(): Deliveries['list'] {
    return this.#log.list;
  }
  get addEndpoint(): Deliveries['addEndpoint'] {
    return this.#endpoints.addEndpoint;
  }
  get addSecret(): Deliveries['addSecret'] {
    return this.#endpoints.addSecret;
  }
  get rollSecret(): Deliveries['rollSecret'] {
    return this.#endpoints.rollSecret;
  }
  get dropOldSecrets(): Deliveries['dropOldSecrets'] {
    return this.#endpoints.dropOldSecrets;
  }

  next(rule: DeliveryRule): void {
    this.#rules.push({ ...rule, times: rule.times ?? 1 });
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    if (this.#outbox.length > 0) this.#schedule();
  }
  succeeded(event: string): boolean {
    return this.#log.succeeded(event);
  }
  async resend(id: string, endpoint?: string): Promise<void> {
    const event = this.#state.events.get(id);
    if (!event) throw new RangeError(`no event ${id}`);
    const targets = this.#state.webhookEndpoints.list((row) =>
      endpoint === undefined ? wants(row, event.type) : row.id === endpoint,
    );
    await Promise.all(
      targets
        .toReversed()
        .map((target) =>
          this.#attempt(this.#log.open(event, target.id), event, this.#endpoints.bodyFor(target.id, event), false),
        ),
    );
  }
  retryNow(): void {
    for (const [timer, work] of this.#timers) {
      clearTimeout(timer);
      this.#timers.delete(timer);
      work();
    }
  }
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#rest();
    });
  }
  close(): void {
    this.#closing.abort();
    clearImmediate(this.#flushing);
    this.#outbox = [];
    for (const timer of this.#timers.keys()) clearTimeout(timer);
    this.#timers.clear();
    this.#queue.clear();
    this.#rest();
  }

  /** An event has happened: a delivery to each endpoint that wants it is due. */
  #take(event: SandboxEvent): void {
    const wanting = [...this.#state.webhookEndpoints.values()].filter((endpoint) => wants(endpoint, event.type));
    event.pending_webhooks = wanting.length;
    for (const endpoint of wanting) this.#log.open(event, endpoint.id);
    if (this.settings.twins && !this.#twins.has(event.id))
      setImmediate(() => this.#state.events.repeat(event, (id) => this.#twins.add(id)));
    if (wanting.length === 0) return;
    this.#outbox.push(event);
    if (!this.#paused) this.#schedule();
  }

  #schedule(): void {
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  /** Simultaneous events go out together, in the order that the settings ask for. */
  #flush(): void {
    this.#flushing = undefined;
    if (this.#paused) return;
    const batch = this.#outbox;
    this.#outbox = [];
    if (this.settings.order === 'reversed') batch.reverse();
    else if (this.settings.order === 'shuffled') shuffle(batch, this.#state.ids.random);
    for (const event of batch) this.#dispatch(event);
    this.#rest();
  }

  #dispatch(event: SandboxEvent): void {
    if (this.#log.of(event.id).length === 0) return;
    const { lose, copies, delayMs, wrongSecret = false } = { ...this.settings, ...this.#takeRule(event.type) };
    for (const delivery of this.#log.of(event.id)) {
      const body = this.#endpoints.bodyFor(delivery.endpoint, event);
      const send = (): void => {
        for (let copy = 0; copy < copies; copy += 1)
          this.#queue.add(delivery.endpoint, () => this.#attempt(delivery, event, body, wrongSecret));
      };
      if (lose === 'noticed') delivery.state = 'lost';
      else if (lose === 'silently') this.#acknowledge(delivery, event);
      else if (delayMs > 0) this.#later(delayMs, send);
      else send();
    }
  }

  #takeRule(type: EventType): DeliveryRule {
    const index = this.#rules.findIndex((rule) => rule.types === undefined || rule.types.includes(type));
    const rule = this.#rules[index];
    if (!rule) return {};
    rule.times -= 1;
    if (rule.times <= 0) this.#rules.splice(index, 1);
    return rule;
  }

  async #attempt(delivery: Delivery, event: SandboxEvent, body: string, wrongSecret: boolean): Promise<void> {
    const endpoint = this.#state.webhookEndpoints.get(delivery.endpoint);
    if (!endpoint || this.#closing.signal.aborted) return;
    const record: Delivery['attempts'][number] = { at: this.#state.clock.now(), status: null, error: null };
    delivery.attempts.push(record);
    try {
      record.status = await this.#post(endpoint.url, body, this.#endpoints.signature(endpoint.id, body, wrongSecret));
    } catch (cause) {
      record.error = cause instanceof Error ? cause.message : String(cause);
    }
    if (record.status !== null && record.status >= 200 && record.status < 300) this.#acknowledge(delivery, event);
    else if (delivery.state !== 'delivered') this.#retry(delivery, event, body);
  }

  async #post(url: string, body: string, signature: string): Promise<number> {
    // The API takes any address, as Stripe does, and so does whatever a test writes down.
    if (!isOwnEndpoint(url)) throw new Error('not sent: the sandbox sends events to its own machine only');
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        'stripe-signature': signature,
      },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(this.settings.timeoutMs), this.#closing.signal]),
    });
    await response.body?.cancel();
    return response.status;
  }

  /** WH-2: so many tries as the settings have entries; a disabled endpoint is not tried again. */
  #retry(delivery: Delivery, event: SandboxEvent, body: string): void {
    const wait = this.settings.retryAfterMs[delivery.attempts.length - 1];
    const enabled = this.#state.webhookEndpoints.get(delivery.endpoint)?.status === 'enabled';
    if (wait === undefined || this.#closing.signal.aborted || !enabled) delivery.state = 'failed';
    else {
      this.#later(wait, () => this.#queue.add(delivery.endpoint, () => this.#attempt(delivery, event, body, false)));
    }
  }

  #acknowledge(delivery: Delivery, event: SandboxEvent): void {
    if (delivery.state === 'delivered') return;
    delivery.state = 'delivered';
    event.pending_webhooks = Math.max(0, event.pending_webhooks - 1);
    if (this.#log.succeeded(event.id)) this.#onAcknowledged(event);
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    timer.unref();
    this.#timers.set(timer, work);
  }

  #rest(): void {
    const underWay = this.#queue.busy || (this.#outbox.length > 0 && !this.#paused);
    if (!underWay) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function shuffle<T>(rows: T[], random: () => number): void {
  for (let index = rows.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [rows[index], rows[other]] = [rows[other] as T, rows[index] as T];
  }
}
