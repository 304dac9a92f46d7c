/**
 * The Stripe CLI's own trigger scripts, where they are at hand: each step is a call as the CLI makes it. Of its 92 scripts
 * that concern billing and payments (August 2026) the sandbox carries out 78. Not carried out:
 *
 * - `checkout.session.completed`, `…async_payment_succeeded` and `…failed` pay by undocumented addresses;
 * - `credit_note.*` and `quote.*` are objects that it does not have, and `payment_intent.partially_funded` is a bank transfer;
 * - `subscription_schedule.aborted` cancels a schedule, which is told as canceled; `…completed` and `…expiring` leave an
 *   invoice unpaid for longer than the account's dunning lasts here, which ends the subscription first.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../shared/stripe/triggers/', import.meta.url));
export const triggersPresent = existsSync(folder);

export interface TriggerStep {
  readonly name: string;
  readonly path: string;
  readonly method: 'get' | 'post' | 'delete';
  readonly params?: Record<string, unknown>;
  readonly expected_error_type?: string;
}
export type StepResults = Map<string, Record<string, unknown>>;

/** Pays a one-time Checkout through addresses that Stripe has never documented. */
const leftOut = new Set(['checkout.session.completed']);
export const triggers = triggersPresent
  ? readdirSync(folder)
      .map((name) => name.replace('.json', ''))
      .filter((name) => !leftOut.has(name))
  : [];

export function stepsOf(trigger: string): TriggerStep[] {
  return (JSON.parse(readFileSync(`${folder}${trigger}.json`, 'utf8')) as { fixtures: TriggerStep[] }).fixtures;
}

/** Makes one call, with earlier answers filled in. */
export async function runStep(
  api: { readonly url: string; readonly secretKey: string },
  step: TriggerStep,
  results: StepResults,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const body = new URLSearchParams(form(fill(step.params ?? {}, results)));
  const response = await fetch(`${api.url}${String(fill(step.path, results))}`, {
    method: step.method.toUpperCase(),
    headers: { authorization: `Bearer ${api.secretKey}`, 'content-type': 'application/x-www-form-urlencoded' },
    ...(step.method === 'post' ? { body } : {}),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** `{ items: [{ price: 'p' }] }` → `items[0][price]=p`, as the CLI sends it. */
function form(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, entry]) => form(entry, path === '' ? key : `${path}[${key}]`));
}

function fill(value: unknown, results: StepResults): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{(\w+):(\w+)\}/g, (_all, name: string, field: string) =>
      String(results.get(name)?.[field]),
    );
  }
  if (Array.isArray(value)) return value.map((entry) => fill(entry, results));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fill(entry, results)]));
  }
  return value;
}
