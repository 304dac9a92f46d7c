/** docs/tokens.md: a recipe mints what the verifier takes, on a machine that has its language. */

import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { verifyWidgetToken } from '@billhook/server';
import { describe, expect, it } from 'vitest';
import { hostSecret, publicUrl } from '../support/bff.ts';

const page = readFileSync(new URL('../../../docs/tokens.md', import.meta.url), 'utf8');
const recipe = (language: string) => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(page)?.[1] ?? '';

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('B10: a recipe', () => {
  it.skipIf(!isThere('python3'))(
    'in Python mints tokens that the verifier accepts, with any ends of the secret and the address',
    async () => {
      const calls = `\nprint(widget_token("team_1"))\nprint(widget_token("équipe", scope="access", customer="cus_1"))\n`;
      for (const end of ['', '\n']) {
        const env = {
          ...process.env,
          BILLHOOK_HOST_ID: 'acme',
          BILLHOOK_URL: end === '' ? publicUrl : `${publicUrl}/`,
          BILLHOOK_HOST_SECRET: `${hostSecret}${end}`,
          PYTHONIOENCODING: 'utf-8',
        };
        const { stdout } = await promisify(execFile)('python3', ['-c', recipe('python') + calls], { env });
        const verified = await Promise.all(
          stdout
            .trim()
            .split('\n')
            .map((token) => verifyWidgetToken(token, { issuer: 'acme', audience: publicUrl, secrets: [hostSecret] })),
        );
        expect(verified).toMatchObject([
          { account: 'team_1', scopes: new Set(['billing:read', 'billing:manage']), introduces: null },
          { account: 'équipe', scopes: new Set(['access']), introduces: 'cus_1' },
        ]);
      }
    },
  );

  it('is marked as tested or untested for every language', () => {
    const sections = page.split(/^## /m).slice(1);
    expect(sections.map((section) => section.split('\n')[0])).toEqual([
      'Python',
      'Ruby',
      'PHP',
      'Go',
      'Java',
      'C#',
      'Elixir',
    ]);
    for (const section of sections) expect(section).toMatch(/Run by a test|Not run by a test yet/);
  });
});
