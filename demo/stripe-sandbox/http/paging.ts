/** Lists as Stripe gives them: newest first, cursors that are ids, `has_more`. */

import { invalidRequest } from '../errors.ts';
import type { List } from '../state/wire.ts';
import { integer, text } from './params.ts';

/** The parameters that every list endpoint takes. */
export const pageParams = { limit: integer, starting_after: text, ending_before: text };

export interface PageParams {
  readonly limit?: number;
  readonly starting_after?: string;
  readonly ending_before?: string;
}

/**
 * One page of `rows`, which come newest first.
 *
 * @param what - how Stripe names a row in "No such …", for a cursor that is not there
 * @param all - every row there is, where `rows` are those that a filter left: a cursor says a place, and holds when its row
 *   fits the filter no more (https://docs.stripe.com/webhooks/process-undelivered-events pages so)
 */
export function page<T extends { id: string }>(
  rows: readonly T[],
  params: PageParams,
  url: string,
  what: string,
  all: readonly T[] = rows,
): List<T> {
  const limit = params.limit ?? 10;
  if (limit < 1 || limit > 100) {
    const bound = limit < 1 ? 'greater than or equal to 1' : 'less than or equal to 100';
    throw invalidRequest(`This value must be ${bound} (it currently is '${limit}').`, {
      code: 'parameter_invalid_integer',
      param: 'limit',
    });
  }
  if (params.starting_after !== undefined && params.ending_before !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: ending_before, starting_after.');
  }
  /** How many rows come before the cursor, itself included where it is among them and `through` says so. */
  const placeOf = (id: string, param: string, through: 0 | 1): number => {
    const index = rows.findIndex((row) => row.id === id);
    if (index >= 0) return index + through;
    const place = all.findIndex((row) => row.id === id);
    if (place < 0) throw invalidRequest(`No such ${what}: '${id}'`, { code: 'resource_missing', param });
    const newer = new Set(all.slice(0, place));
    return rows.filter((row) => newer.has(row)).length;
  };
  if (params.ending_before !== undefined) {
    const end = placeOf(params.ending_before, 'ending_before', 0);
    const start = Math.max(0, end - limit);
    return { object: 'list', data: rows.slice(start, end), has_more: start > 0, url };
  }
  const start = params.starting_after === undefined ? 0 : placeOf(params.starting_after, 'starting_after', 1);
  return { object: 'list', data: rows.slice(start, start + limit), has_more: rows.length > start + limit, url };
}

/** Whether a time lies in a range as read by `timeRange`. */
export const inRange = (at: number, range?: { gt?: number; gte?: number; lt?: number; lte?: number }): boolean =>
  range === undefined ||
  ((range.gt === undefined || at > range.gt) &&
    (range.gte === undefined || at >= range.gte) &&
    (range.lt === undefined || at < range.lt) &&
    (range.lte === undefined || at <= range.lte));
