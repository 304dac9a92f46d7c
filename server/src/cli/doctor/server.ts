/** Can the world reach this server, and this server its hosts? */

import type { Config, Host } from '../../config/config.ts';
import { describeCause } from '../../log.ts';
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

/** Whether each host's keys can be had, and its webhook is there. */
export async function diagnoseHost(host: Host, now: number): Promise<Diagnosis[]> {
  return [...(await keysOf(host, now)), ...(await webhookOf(host))];
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

async function webhookOf({ id, webhook }: Host): Promise<Diagnosis[]> {
  if (!webhook) return [];
  const answer = await answerOf(webhook.url, { method: 'HEAD' });
  return typeof answer === 'string'
    ? [
        warn(
          'hosts',
          `the webhook of ${id} cannot be reached: ${answer}`,
          'Let this machine reach it; notices wait three days.',
        ),
      ]
    : [ok('hosts', `the webhook of ${id} is there`)];
}

async function answerOf(url: string, init: RequestInit): Promise<{ status: number; body: unknown } | string> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(limitMs) });
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
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
