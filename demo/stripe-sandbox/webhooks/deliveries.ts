/** Sending events to webhook endpoints: well, or as badly as a test asks for. */

import { API_VERSION } from '../state/events.ts';
import { wants, type State } from '../state/state.ts';
import type { EventType, SandboxEvent, WebhookEndpoint } from '../state/wire.ts';
import { createDeliveryQueue } from './delivery-queue.ts';
import { prettyJson, signatureHeader } from './signature.ts';
import { thinBody } from './thin-event.ts';

export interface DeliverySettings {
  /** Milliseconds of real time after which a failed delivery is tried again; as many tries as entries (WH-2: Stripe publishes no numbers). */
  retryAfterMs: number[];
  /** Milliseconds after which an endpoint that has not answered has failed. */
  timeoutMs: number;
  /** Milliseconds that every delivery is held back. */
  delayMs: number;
  /** How often each event is sent: 2 sends everything twice (WH-3). */
  copies: number;
  /** Whether each change is told by two events, with an id each (WH-3). */
  twins: boolean;
  /** The order within what happened at once. */
  order: 'asSent' | 'reversed' | 'shuffled';
  /** `noticed`: never arrives, and Stripe knows (`delivery_success: false`); `silently`: never arrives, and Stripe believes it did. */
  lose: 'no' | 'noticed' | 'silently';
  /** How many deliveries are under way to one endpoint at a time; 1 keeps the order exact. */
  concurrency: number;
}

/** A rule for a few deliveries, before the settings. */
export interface DeliveryRule extends Partial<Pick<DeliverySettings, 'delayMs' | 'copies' | 'lose'>> {
  /** Only these types. Default: all. */
  types?: EventType[];
  /** How many events it holds for. Default 1. */
  times?: number;
}

export interface Delivery {
  event: string;
  type: EventType;
  endpoint: string;
  state: 'waiting' | 'delivered' | 'failed' | 'lost';
  attempts: { at: number; status: number | null; error: string | null }[];
}

export interface Deliveries {
  readonly settings: DeliverySettings;
  /** A rule for the next events that fit it. */
  next(rule: DeliveryRule): void;
  /** Holds everything back until `resume`. */
  pause(): void;
  resume(): void;
  readonly paused: boolean;
  /** Oldest first. */
  list(filter?: { event?: string; type?: EventType; state?: Delivery['state'] }): Delivery[];
  /** Whether every endpoint that wanted this event has acknowledged it. */
  succeeded(event: string): boolean;
  /** Sends an event again, as the Dashboard and the CLI can. */
  resend(event: string, endpoint?: string): Promise<void>;
  /** Tries everything that waits for a retry now. */
  retryNow(): void;
  /** Resolves when nothing is under way. Retries and delays that wait for their time do not count. */
  settled(): Promise<void>;
  /**
   * Registers an endpoint without the API: what `stripe listen` does. Answers its secret. A `thin` one is a v2 event
   * destination: it is sent `v1.customer.subscription.updated` with no object inside.
   */
  addEndpoint(
    url: string,
    options?: { events?: string[]; secret?: string; thin?: boolean },
  ): { endpoint: WebhookEndpoint; secret: string };
  /** A new secret; the old one goes on signing beside it until `dropOldSecrets`. */
  rollSecret(endpoint: string): string;
  dropOldSecrets(endpoint: string): void;
  /** For the API: the secret that is told once. */
  addSecret(endpoint: string, secret?: string): string;
  close(): void;
}

export interface DeliveriesOptions {
  state: State;
  /** Every endpoint has acknowledged the event. */
  onAcknowledged(event: SandboxEvent): void;
}

export function createDeliveries({ state, onAcknowledged }: DeliveriesOptions): Deliveries {
  const settings: DeliverySettings = {
    retryAfterMs: [2_000, 10_000, 60_000],
    timeoutMs: 10_000,
    delayMs: 0,
    copies: 1,
    twins: false,
    order: 'asSent',
    lose: 'no',
    concurrency: 4,
  };
  const rules: (DeliveryRule & { times: number })[] = [];
  const secrets = new Map<string, string[]>();
  const thinEndpoints = new Set<string>();
  const deliveries: Delivery[] = [];
  const byEvent = new Map<string, Delivery[]>();
  const timers = new Map<NodeJS.Timeout, () => void>();
  const idle: (() => void)[] = [];
  const closing = new AbortController();
  let outbox: SandboxEvent[] = [];
  let flushing: NodeJS.Immediate | undefined;
  let paused = false;

  const rest = (): void => {
    const underWay = queue.busy || (outbox.length > 0 && !paused);
    if (!underWay) for (const resolve of idle.splice(0)) resolve();
  };
  const queue = createDeliveryQueue(() => settings.concurrency, rest);

  const later = (ms: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timer.unref();
    timers.set(timer, work);
  };

  const acknowledged = (delivery: Delivery, event: SandboxEvent): void => {
    if (delivery.state === 'delivered') return;
    delivery.state = 'delivered';
    event.pending_webhooks = Math.max(0, event.pending_webhooks - 1);
    if (succeeded(event.id)) onAcknowledged(event);
  };

  const bodyFor = (endpoint: string, event: SandboxEvent): string =>
    thinEndpoints.has(endpoint)
      ? thinBody(event)
      : prettyJson({ ...event, pending_webhooks: Math.max(1, event.pending_webhooks) });

  const attempt = async (delivery: Delivery, event: SandboxEvent, body: string): Promise<void> => {
    const endpoint = state.webhookEndpoints.get(delivery.endpoint);
    if (!endpoint || closing.signal.aborted) return;
    const record: Delivery['attempts'][number] = { at: state.clock.now(), status: null, error: null };
    delivery.attempts.push(record);
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          'stripe-signature': signatureHeader(body, secrets.get(endpoint.id) ?? [], Math.floor(Date.now() / 1000)),
        },
        body,
        signal: AbortSignal.any([AbortSignal.timeout(settings.timeoutMs), closing.signal]),
      });
      record.status = response.status;
      await response.body?.cancel();
    } catch (error) {
      record.error = error instanceof Error ? error.message : String(error);
    }
    if (record.status !== null && record.status >= 200 && record.status < 300) return acknowledged(delivery, event);
    if (delivery.state === 'delivered') return;
    const wait = settings.retryAfterMs[delivery.attempts.length - 1];
    if (
      wait === undefined ||
      closing.signal.aborted ||
      state.webhookEndpoints.get(delivery.endpoint)?.status !== 'enabled'
    ) {
      delivery.state = 'failed';
      return;
    }
    later(wait, () => queue.add(delivery.endpoint, () => attempt(delivery, event, body)));
  };

  const takeRule = (type: EventType): DeliveryRule => {
    const index = rules.findIndex((rule) => rule.types === undefined || rule.types.includes(type));
    const rule = rules[index];
    if (!rule) return {};
    rule.times -= 1;
    if (rule.times <= 0) rules.splice(index, 1);
    return rule;
  };

  const dispatch = (event: SandboxEvent): void => {
    const endpoints = [...state.webhookEndpoints.values()].filter((endpoint) => wants(endpoint, event.type));
    if (endpoints.length === 0) return;
    const { lose, copies, delayMs } = { ...settings, ...takeRule(event.type) };
    for (const delivery of byEvent.get(event.id) ?? []) {
      const body = bodyFor(delivery.endpoint, event);
      if (lose === 'noticed') delivery.state = 'lost';
      else if (lose === 'silently') acknowledged(delivery, event);
      else {
        const send = (): void => {
          for (let copy = 0; copy < copies; copy += 1)
            queue.add(delivery.endpoint, () => attempt(delivery, event, body));
        };
        if (delayMs > 0) later(delayMs, send);
        else send();
      }
    }
  };

  const flush = (): void => {
    flushing = undefined;
    if (paused) return;
    const batch = outbox;
    outbox = [];
    if (settings.order === 'reversed') batch.reverse();
    else if (settings.order === 'shuffled') shuffle(batch, state.ids.random);
    for (const event of batch) dispatch(event);
    rest();
  };

  const schedule = (): void => {
    flushing ??= setImmediate(flush);
  };

  const twins = new Set<string>();
  state.events.listen((event) => {
    if (settings.twins && !twins.has(event.id)) setImmediate(() => state.events.repeat(event, (id) => twins.add(id)));
    const wanting = [...state.webhookEndpoints.values()].filter((endpoint) => wants(endpoint, event.type));
    event.pending_webhooks = wanting.length;
    for (const endpoint of wanting) {
      const delivery: Delivery = {
        event: event.id,
        type: event.type,
        endpoint: endpoint.id,
        state: 'waiting',
        attempts: [],
      };
      deliveries.push(delivery);
      byEvent.set(event.id, [...(byEvent.get(event.id) ?? []), delivery]);
    }
    if (wanting.length === 0) return;
    outbox.push(event);
    if (!paused) schedule();
  });

  const succeeded = (event: string): boolean =>
    (byEvent.get(event) ?? []).every((delivery) => delivery.state === 'delivered');

  return {
    settings,
    next: (rule) => void rules.push({ ...rule, times: rule.times ?? 1 }),
    pause: () => void (paused = true),
    resume() {
      paused = false;
      if (outbox.length > 0) schedule();
    },
    get paused() {
      return paused;
    },
    list: (filter = {}) =>
      (filter.event === undefined ? deliveries : (byEvent.get(filter.event) ?? [])).filter(
        (delivery) =>
          (filter.type === undefined || delivery.type === filter.type) &&
          (filter.state === undefined || delivery.state === filter.state),
      ),
    succeeded,
    async resend(id, endpoint) {
      const event = state.events.get(id);
      if (!event) throw new RangeError(`no event ${id}`);
      const targets = [...state.webhookEndpoints.values()].filter((row) =>
        endpoint === undefined ? wants(row, event.type) : row.id === endpoint,
      );
      await Promise.all(
        targets.map((target) => {
          let delivery = (byEvent.get(id) ?? []).find((row) => row.endpoint === target.id);
          if (!delivery) {
            delivery = { event: id, type: event.type, endpoint: target.id, state: 'waiting', attempts: [] };
            deliveries.push(delivery);
            byEvent.set(id, [...(byEvent.get(id) ?? []), delivery]);
          }
          return attempt(delivery, event, bodyFor(target.id, event));
        }),
      );
    },
    retryNow() {
      for (const [timer, work] of timers) {
        clearTimeout(timer);
        timers.delete(timer);
        work();
      }
    },
    settled: () =>
      new Promise((resolve) => {
        idle.push(resolve);
        rest();
      }),
    addEndpoint(url, options = {}) {
      const endpoint: WebhookEndpoint = {
        id: state.ids.next('we'),
        object: 'webhook_endpoint',
        api_version: API_VERSION,
        application: null,
        created: state.clock.seconds(),
        description: null,
        // A destination names thin events (`v1.invoice.paid`); here they stand under the names of their snapshots.
        enabled_events: (options.events ?? ['*']).map((type) => type.replace(/^v1\./, '')),
        livemode: false,
        metadata: {},
        status: 'enabled',
        url,
      };
      state.webhookEndpoints.add(endpoint);
      if (options.thin) thinEndpoints.add(endpoint.id);
      return { endpoint, secret: this.addSecret(endpoint.id, options.secret) };
    },
    addSecret(endpoint, secret = `whsec_${state.ids.token(32)}`) {
      secrets.set(endpoint, [...(secrets.get(endpoint) ?? []), secret]);
      return secret;
    },
    rollSecret(endpoint) {
      return this.addSecret(endpoint);
    },
    dropOldSecrets: (endpoint) => void secrets.set(endpoint, (secrets.get(endpoint) ?? []).slice(-1)),
    close() {
      closing.abort();
      clearImmediate(flushing);
      outbox = [];
      for (const timer of timers.keys()) clearTimeout(timer);
      timers.clear();
      queue.clear();
      rest();
    },
  };
}

function shuffle<T>(rows: T[], random: () => number): void {
  for (let index = rows.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [rows[index], rows[other]] = [rows[other] as T, rows[index] as T];
  }
}
