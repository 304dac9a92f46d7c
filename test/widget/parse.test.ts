import { describe, expect, it } from 'vitest';
import { parseSnapshot, parseVisitReturn, supersedes } from '../../widget/src/client/parse.ts';
import { active, snapshots, states } from './snapshots.ts';

describe('the BFF’s answers', () => {
  it.each(states)('%s passes as it is', (state) =>
    expect(parseSnapshot(structuredClone(snapshots[state]))).toEqual(snapshots[state]),
  );

  it('unknown fields, states and actions pass: /v1 only grows', () => {
    const future = { ...active, state: 'dreaming', mood: 'good', actions: [{ purpose: 'fly', via: 'wings' }] };
    expect(parseSnapshot(future)).toEqual(future);
  });

  it.each([
    null,
    undefined,
    '',
    'text',
    5,
    [],
    {},
    { revision: 'e1.1' },
    { ...active, payment: null },
    { ...active, state: '' },
    { ...active, access: undefined },
    { ...active, revision: 7 },
    ...['actions', 'offers', 'subscriptions'].flatMap((list) => [
      { ...active, [list]: {} },
      { ...active, [list]: [null] },
      { ...active, [list]: ['text'] },
      { ...active, [list]: [{}, 7] },
    ]),
  ])('are refused: %j', (value) =>
    expect(() => parseSnapshot(value)).toThrow(expect.objectContaining({ code: 'response_malformed' })),
  );

  it('lists that an older BFF does not send are empty', () => {
    const { actions: _a, offers: _o, subscriptions: _s, ...older } = active;
    expect(parseSnapshot(older)).toMatchObject({ actions: [], offers: [], subscriptions: [] });
  });

  it('a return without an outcome is not settled', () => {
    expect(parseVisitReturn({ snapshot: active })).toEqual({ outcome: 'pending', changes: [], snapshot: active });
    const odd = { outcome: 'changed', snapshot: active };
    expect(parseVisitReturn({ ...odd, changes: ['text'] })).toMatchObject({ outcome: 'changed', changes: [] });
    expect(parseVisitReturn({ ...odd, changes: [{ kind: 'keeps' }] }).changes).toEqual([{ kind: 'keeps' }]);
    expect(() => parseVisitReturn(null)).toThrow(expect.objectContaining({ code: 'response_malformed' }));
  });
});

describe('which document may replace which', () => {
  const at = (revision: string) => ({ ...active, revision });
  it.each([
    ['e1.2', 'e1.1', true],
    ['e1.1', 'e1.1', true],
    ['e1.1', 'e1.2', false],
    ['e1.9', 'e1.10', false],
    ['e2.1', 'e1.10', true],
    ['odd', 'e1.10', true],
    ['e1.odd', 'e1.10', true],
  ])('%s after %s: %s', (next, current, may) => expect(supersedes(at(next), at(current))).toBe(may));

  it('the first one always', () => expect(supersedes(active, null)).toBe(true));
});
