/** Files, output and log lines: readable for their owner alone, obeyed by no terminal, written in bounded time. */

import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printable } from '../../server/src/cli/printable.ts';
import { widerThanOwner } from '../../server/src/ledger/sqlite/file-mode.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import { describeCause } from '../../server/src/log.ts';
import { Jwks } from '../../server/src/tokens/jwks.ts';
import { keySet, startKeyServer } from '../server/support/key-server.ts';
import { randomOf, report, share } from './corpus.ts';

describe.skipIf(process.platform === 'win32')('a ledger’s files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billhook-at-rest-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  it.each([false, true])(
    'are readable by their owner only, and so are the files beside them (serving: %s)',
    async (serving) => {
      const path = join(folder, `new-${serving}.db`);
      const store = openSqliteStore(path, { serving });
      await store.link({ host: 'acme', account: 'team_1' }, 'cus_1', 0);
      for (const suffix of ['', '-wal', '-shm', ...(serving ? ['-serving'] : [])]) {
        expect(await modeOf(path + suffix), suffix).toBe('600');
      }
      expect(widerThanOwner(path)).toEqual([]);
      await store.close();
    },
  );

  it('keep the mode that an operator gave them; a wider mode is reported', async () => {
    const path = join(folder, 'old.db');
    await openSqliteStore(path).close();
    await chmod(path, 0o640);
    const store = openSqliteStore(path);
    expect(await modeOf(path)).toBe('640');
    expect(widerThanOwner(path)).toEqual(['', '-wal', '-shm'].map((suffix) => path + suffix));
    expect(widerThanOwner(':memory:')).toEqual([]);
    await store.close();
  });
});

it('no name in output contains a control sequence or a line break', () => {
  const random = randomOf('names');
  const pieces = [
    '\u001b[2J',
    '\u001b]0;x\u0007',
    '\u009b31m',
    '\r',
    '\n',
    '\b',
    '\0',
    '\u202e',
    '\u2066',
    '\u2028',
    'Team',
    ' ',
    '→',
    'é',
    '🦋',
    '\ud800',
  ];
  const count = share(600, 600);
  for (let each = 0; each < count; each += 1) {
    const name = Array.from({ length: 1 + random.below(8) }, () => random.pick(pieces)).join('');
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(printable(name), JSON.stringify(name)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
  }
  expect(printable('Team → Business é 🦋')).toBe('Team → Business é 🦋');
  report('strings as text', { printed: count, obeyed: 0 });
});

it.each([
  ['eyJ-', 'eyJ-'.repeat(500_000)],
  ['sk_test_', 'sk_test_'.repeat(250_000)],
  ['https://', 'https://'.repeat(250_000)],
  ['postgres://x', 'postgres://x '.repeat(150_000)],
  ['whsec_', 'whsec_='.repeat(250_000)],
])('a cause of two megabytes of %s ends as one short line without it', (mark, text) => {
  const said = describeCause(new Error(text));
  expect(said).toContain('[redacted]');
  expect(said.length).toBeLessThanOrEqual(500);
  expect(said).not.toContain(`${mark}${mark}`);
});

it('a withdrawn key ends when the clock is set back, and the address is asked again', async () => {
  const [old, next] = ['one', 'two'].map((kid) => ({
    ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
    kid,
  }));
  const server = await startKeyServer(keySet(old));
  try {
    const jwks = new Jwks(server.url);
    const now = 1_790_000_000_000;
    expect((await jwks.find('one', now)).map(({ keyId }) => keyId)).toEqual(['one']);
    server.answer = keySet(next);
    expect((await jwks.find('one', now - 3_600_000)).map(({ keyId }) => keyId)).toEqual(['two']);
    expect(server.requests).toBe(2);
  } finally {
    await server.close();
  }
});
