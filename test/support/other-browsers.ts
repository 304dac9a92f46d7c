/**
 * Browsers beside the Chromium of `browser.ts`. They are found, or brought where that is one command of the system's. Run
 * it to have the element tests in each that this machine has: `node test/other-browsers.ts`. One that it cannot have is
 * named, and is no failure.
 */

import { execFileSync, spawnSync, type ExecFileSyncOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import type { WebDriverOptions } from './webdriver-launcher.ts';

const firefoxes = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/snap/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];
const webKitDriver = '/usr/bin/WebKitWebDriver';
const display = '/usr/bin/xvfb-run';
const miniBrowsers = ['x86_64', 'aarch64'].map((arch) => `/usr/lib/${arch}-linux-gnu/webkit2gtk-4.1/MiniBrowser`);

/** The path of a Firefox: `FIREFOX_PATH`, or where it usually is. */
export function presentFirefox(): string | undefined {
  const named = process.env['FIREFOX_PATH'];
  return (named ? [named] : firefoxes).find((path) => existsSync(path));
}

export function findFirefox(): string {
  return presentFirefox() ?? brought('firefox-esr', presentFirefox) ?? missing('Firefox', 'Set FIREFOX_PATH to one.');
}

/** How to lead WebKitGTK, in a display of its own. Linux only. */
export function findWebKit(): WebDriverOptions {
  const present = () =>
    existsSync(webKitDriver) && existsSync(display) ? miniBrowsers.find((path) => existsSync(path)) : undefined;
  const binary =
    present() ??
    brought('webkit2gtk-driver xvfb xauth', present) ??
    missing('WebKitGTK', 'On Debian: webkit2gtk-driver, xvfb and xauth.');
  return {
    name: 'WebKitGTK',
    command: [display, '-a', '-s', '-screen 0 1280x900x24', webKitDriver, '--port={port}'],
    capabilities: { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } },
  };
}

function brought<T>(packages: string, find: () => T | undefined): T | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  const loud: ExecFileSyncOptions = { stdio: ['ignore', 2, 2] };
  try {
    execFileSync('apt-get', ['update'], loud);
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages.split(' ')], loud);
  } catch {
    // apt-get has said why.
  }
  return find();
}

function missing(name: string, what: string): never {
  throw new Error(`No ${name} was found. ${what}`);
}

/** Says whether the machine can have it. */
function has(find: () => unknown): boolean {
  try {
    find();
    return true;
  } catch (error) {
    process.stderr.write(`Skipped: ${(error as Error).message}\n`);
    return false;
  }
}

if (import.meta.main) {
  for (const [browser, find] of Object.entries({ firefox: findFirefox, webkit: findWebKit })) {
    if (!has(find)) continue;
    const { status } = spawnSync('node_modules/.bin/wtr', ['--config', 'web-test-runner.config.ts'], {
      cwd: resolve(import.meta.dirname, '..'),
      env: { ...process.env, BROWSER: browser },
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
