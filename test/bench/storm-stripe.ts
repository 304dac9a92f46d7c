/**
 * A program that is Stripe for a storm: any customer is the sandbox's active one under another name, and every answer takes
 * the same time. It tells its address to its parent, which may change a customer's card, and ask how often it was fetched:
 * `/storm/card/<customer>`, `/storm/fetches`.
 *
 * `node storm-stripe.ts <sandbox's address> <active customer> <milliseconds>`
 */

import type { Server } from 'node:http';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { listening } from '../support/listening.ts';

const [sandbox = '', active = '', milliseconds = '100'] = process.argv.slice(2);
const answers = new Map<string, Promise<string>>();
const cards = new Map<string, number>();
let fetches = 0;

async function ask(request: Request, path: string): Promise<Response> {
  const body = request.method === 'GET' ? {} : { body: await request.text() };
  const headers = new Headers(request.headers);
  for (const name of ['host', 'connection', 'content-length']) headers.delete(name);
  const answer = await fetch(new URL(path, sandbox), { method: request.method, headers, ...body });
  const type = answer.headers.get('content-type') ?? 'application/json';
  return new Response(await answer.text(), { status: answer.status, headers: { 'content-type': type } });
}

async function answerTo(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const path = pathname + search;
  if (pathname === '/storm/fetches') return Response.json(fetches);
  if (pathname.startsWith('/storm/card/')) {
    cards.set(pathname.slice('/storm/card/'.length), 1000 + cards.size);
    return Response.json(cards.size);
  }
  const named = /cus_many_\d+/.exec(path)?.[0];
  if (pathname === '/v1/subscriptions') fetches += 1;
  await pause(Number(milliseconds));
  if (named === undefined || request.method !== 'GET') return await ask(request, path);
  const of = path.replaceAll(named, active);
  let text = answers.get(of);
  if (text === undefined) answers.set(of, (text = ask(request, of).then((answer) => answer.text())));
  const card = cards.get(named);
  const known = await text;
  const own = card === undefined ? known : known.replaceAll(/("last4":\s*)"\d+"/g, `$1"${card}"`);
  return new Response(own.replaceAll(active, named), { headers: { 'content-type': 'application/json' } });
}

process.on('disconnect', () => process.exit());
const { url } = await listening(createAdaptorServer({ fetch: answerTo }) as Server);
process.send?.(url);
