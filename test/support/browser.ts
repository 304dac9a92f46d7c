/**
 * One browser for the component tests and the end-to-end tests: found first, brought only when there is none. Run it to
 * see which: `node test/browser.ts`.
 */
import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { chromium } from 'playwright-core';

/** Chromium calls home when it starts; a test run must not. */
export const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-default-browser-check',
];

const places: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome-stable',
    '/usr/bin/google-chrome',
    '/usr/bin/microsoft-edge',
    '/snap/bin/chromium',
  ],
  darwin: ['', homedir()].flatMap((root) =>
    ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
      (name) => `${root}/Applications/${name}.app/Contents/MacOS/${name}`,
    ),
  ),
  win32: [process.env['PROGRAMFILES'], process.env['PROGRAMFILES(X86)'], process.env['LOCALAPPDATA']].flatMap((root) =>
    root === undefined
      ? []
      : [
          join(root, 'Google/Chrome/Application/chrome.exe'),
          join(root, 'Chromium/Application/chrome.exe'),
          join(root, 'Microsoft/Edge/Application/msedge.exe'),
        ],
  ),
};

/**
 * The path of a Chrome, Chromium or Edge: `CHROME_PATH`, Playwright's own download, the usual places; else it is
 * installed, with apt-get on Linux as root, or by Playwright.
 *
 * @throws Error when `CHROME_PATH` names nothing, or no browser could be brought
 */
export async function findBrowser(): Promise<string> {
  const named = process.env['CHROME_PATH'];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`CHROME_PATH is ${named}, and there is no such file.`);
    return named;
  }
  const found = present();
  if (found !== undefined) return found;
  bring();
  const brought = present();
  if (brought === undefined)
    throw new Error('No Chrome, Chromium or Edge was found or could be installed. Set CHROME_PATH to one.');
  return brought;
}

function present(): string | undefined {
  return [chromium.executablePath(), ...(places[process.platform] ?? [])].find(
    (path) => path !== '' && existsSync(path),
  );
}

function bring(): void {
  const loud: ExecFileSyncOptions = { stdio: ['ignore', 2, 2] }; // standard output is for the path alone
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    execFileSync('apt-get', ['update'], loud);
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], loud);
  } else {
    execFileSync(
      process.execPath,
      [join(import.meta.dirname, 'node_modules/playwright-core/cli.js'), 'install', 'chromium'],
      loud,
    );
  }
}

if (import.meta.main) process.stdout.write(`${await findBrowser()}\n`);
