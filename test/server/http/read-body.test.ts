/** A request's JSON, read by its schema; here the schema of an id. */

import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { idField, readBody } from '../../../server/src/http/read-body.ts';

async function read(body: string): Promise<unknown> {
  let refusal: unknown = null;
  const app = new Hono()
    .post('/', async (c) => c.json(await readBody(c, idField)))
    .onError((cause, c) => {
      refusal = cause;
      return c.body(null);
    });
  const answer = await app.request('/', { method: 'POST', body });
  return refusal ?? (await answer.json());
}

it.each(['a', 'A.b-c_9', 'x'.repeat(64)])('is given as it was read: %s', async (id) =>
  expect(await read(JSON.stringify(id))).toBe(id),
);

it.each(['', 'x'.repeat(65), 'a b', 'é', 'a\n', ' a', 7, null, [], {}])('is malformed: %j', async (given) => {
  const refusal = await read(JSON.stringify(given));
  expect(refusal).toMatchObject({ code: 'body_malformed', field: undefined });
  expect(refusal).not.toHaveProperty('cause');
});

it('is malformed with its cause where it is no JSON', async () =>
  expect(await read('{"a":')).toMatchObject({ code: 'body_malformed', cause: { name: 'SyntaxError' } }));
