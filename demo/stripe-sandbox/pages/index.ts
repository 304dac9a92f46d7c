import { Hono } from 'hono';
import type { State } from '../state.ts';

/** The pages that people see: the customer portal and the hosted invoice. */
export function createPages(_state: State): Hono {
  return new Hono();
}
