/**
 * `POST /v1/upkeep`, for a server without a background of its own: a cron calls it with the secret, every few minutes. `GET`
 * does the same, because some platforms' crons can send nothing else.
 */

import { Hono, type Context } from 'hono';
import { BillhookError } from '../../problem.ts';
import { requireBearer } from '../bearer.ts';
import type { RouteContext } from '../route-context.ts';

export function upkeepRoute({ config, upkeep, limits }: Pick<RouteContext, 'config' | 'upkeep' | 'limits'>) {
  return new Hono().on(['GET', 'POST'], '/', async (c) => {
    const run = await called(c);
    return c.json(await run());
  });

  /** What the cron has called for. */
  async function called(c: Context): Promise<NonNullable<typeof upkeep>> {
    if (upkeep === null || config.upkeep === null) throw new BillhookError('not_found');
    try {
      requireBearer(config.upkeep.secret, c.req.header('authorization'), 'the upkeep');
    } catch (cause) {
      await limits.countRefusal(c);
      throw cause;
    }
    return upkeep;
  }
}
