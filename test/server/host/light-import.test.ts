/** M33: a function that is woken pays for every module again, so importing the host's package loads its own files alone. */

import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { childEnvironment } from '../../support/child-environment.ts';

const folder = resolve(import.meta.dirname, '../../../server');

it('loads no library before a token is minted, and few files of its own', { timeout: 60_000 }, async () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { mintWidgetToken } = await import(${JSON.stringify(pathToFileURL(join(folder, 'host/src/index.ts')).href)});
    const atImport = loaded.splice(0);
    await mintWidgetToken({ secret: 'a'.repeat(32), issuer: 'app', audience: 'https://billing.example', account: 'team_1' });
    console.log(JSON.stringify({ atImport, atFirstToken: loaded }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: childEnvironment,
  });
  const { atImport, atFirstToken } = JSON.parse(stdout) as Record<'atImport' | 'atFirstToken', string[]>;
  expect(atImport.filter((url) => !url.startsWith(pathToFileURL(folder).href) || url.includes('node_modules'))).toEqual(
    [],
  );
  expect(atImport.length).toBeLessThanOrEqual(16);
  expect(
    atFirstToken.some((url) => url.includes('/jose')),
    'the library that signs',
  ).toBe(true);
});
