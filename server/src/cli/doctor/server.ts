/** Can the world reach this server, and this server its hosts? */

import type { Config, Host } from '../../config/config.ts';
import { describeCause } from '../../log.ts';
import { behind, diagnoseClock } from './clock.ts';
import { fail, ok, warn, type Diagnosis } from './diagnosis.ts';

const limitMs = 5_000;

/** Asks the public address as a browser and as Stripe would. */
export async function diagnoseServer({ publicUrl }: Pick<Config, 'publicUrl'>): Promise<Diagnosis[]> {
  const base = publicUrl.replace(/\/+$/, '');
  const health = await answerOf(`${base}/healthz`, { method: 'GET' });
  if (typeof health === 'string') {
    return [
      fail(
        'server',
        `${publicUrl} cannot be reached: ${health}`,
        'Start billhook serve, and let BILLHOOK_URL lead to it.',
      ),
    ];
  }
  if (health.status !== 200 || field(health.body, 'status') !== 'ok') {
    return [
      fail(
        'server',
        `${base}/healthz answers ${health.status}, not as Billhook does`,
        'Let BILLHOOK_URL lead to this server: something else answers there.',
      ),
    ];
  }
  // Nothing is signed, so nothing is recorded: only that Billhook itself refuses it says that Stripe's POST gets through.
  const webhook = await answerOf(`${base}/v1/webhooks/stripe`, { method: 'POST', body: '{}' });
  const refused = typeof webhook !== 'string' && field(webhook.body, 'code') === 'webhook_signature_invalid';
  return [
    ok('server', `${publicUrl} answers`),
    refused
      ? ok('server', 'a webhook gets through to it')
      : fail(
          'server',
          `POST ${base}/v1/webhooks/stripe does not get through`,
          'Let the proxy pass it on unchanged, and without asking who it is.',
        ),
  ];
}

/** Whether each host's keys can be had, its webhook is there, and its clock agrees with this machine's. */
export async function diagnoseHost(host: Host, now: number): Promise<Diagnosis[]> {
  return [...(await keysOf(host, now)), ...(await backendOf(host))];
}

async function keysOf({ id, keys, jwks }: Host, now: number): Promise<Diagnosis[]> {
  if (jwks === null)
    return [ok('tokens', `${id} signs with ${keys.length === 1 ? 'one key' : `one of ${keys.length} keys`}`)];
  try {
    const found = await jwks.find(null, now);
    return found.length > 0
      ? [ok('tokens', `${id} publishes ${found.length === 1 ? 'one key' : `${found.length} keys`}`)]
      : [
          fail(
            'tokens',
            `${id} publishes no key that can be used`,
            'Publish a public key of ES256, EdDSA or RS256 at jwksUrl.',
          ),
        ];
  } catch (cause) {
    const root = cause instanceof Error ? (cause.cause ?? cause) : cause;
    return [
      fail(
        'tokens',
        `the keys of ${id} cannot be had: ${describeCause(root)}`,
        'Let this machine reach jwksUrl, and let it answer a JWK set.',
      ),
    ];
  }
}

/** Its webhook, else the page that Stripe's pages lead back to: what answers there has the clock that tokens are made by. */
async function backendOf({ id, webhook, returnUrl }: Host): Promise<Diagnosis[]> {
  const asked = Date.now();
  const answer = await answerOf(webhook?.url ?? returnUrl, { method: 'HEAD' });
  if (typeof answer === 'string') {
    const fix = 'Let this machine reach it; notices wait three days.';
    return webhook ? [warn('hosts', `the webhook of ${id} cannot be reached: ${answer}`, fix)] : [];
  }
  const found = webhook ? [ok('hosts', `the webhook of ${id} is there`)] : [];
  if (answer.at === null) return found;
  return [...found, diagnoseClock(`that of ${id}`, 'this machine’s', -behind(answer.at, asked, Date.now()))];
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The answer's own moment, in Unix milliseconds, where it tells one. */
  readonly at: number | null;
}

async function answerOf(url: string, init: RequestInit): Promise<Answer | string> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(limitMs) });
    const text = await response.text();
    const at = Date.parse(response.headers.get('date') ?? '');
    return { status: response.status, body: parsed(text), at: Number.isNaN(at) ? null : at };
  } catch (cause) {
    return describeCause(cause);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const field = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
