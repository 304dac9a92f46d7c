/**
 * The elements in a real browser, twice: from their sources, and as the built file that hosts load. Run
 * `pnpm --filter @billhook/widget build` before. `ONLY=visits` runs that file alone; `--files` would add to the groups.
 */
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { playwrightLauncher } from '@web/test-runner-playwright';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findBrowser, quiet } from './support/browser.ts';
import { firefoxLauncher } from './support/firefox-launcher.ts';
import { findFirefox, findWebKit } from './support/other-browsers.ts';
import { hangMs, patienceMs } from './support/patience.ts';
import { webDriverLauncher } from './support/webdriver-launcher.ts';
import { strictPage } from './widget/strict-page.ts';

const inHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
if (!existsSync(inHere('../widget/dist/widget.js'))) {
  throw new Error('widget/dist/widget.js is missing. Build it first: pnpm --filter @billhook/widget build');
}

/** Which entry `harness.ts` loads: both are what a script tag would. */
const pageFor = (entry: string) => (testFramework: string) =>
  `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Billhook</title>
    <meta name="viewport" content="width=device-width" />
    <meta name="billhook-entry" content="${entry}" />
    <style>:root { color-scheme: light dark } body { margin: 16px; font-family: sans-serif }</style>
  </head>
  <body>
    <script type="module" src="${testFramework}"></script>
  </body>
</html>`;

/** `BROWSER=firefox` or `webkit` runs the same in another one, where the machine has it. */
const launchers = {
  chromium: async () =>
    playwrightLauncher({
      launchOptions: { executablePath: await findBrowser(), args: quiet, timeout: patienceMs },
      async createBrowserContext({ browser }) {
        const viewport = { width: 900, height: 700 };
        const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', viewport });
        context.setDefaultTimeout(patienceMs);
        return context;
      },
    }),
  firefox: async () => firefoxLauncher(findFirefox()),
  webkit: async () => webDriverLauncher(findWebKit()),
};
const wanted = process.env['BROWSER'] ?? 'chromium';
if (!(wanted in launchers)) throw new Error(`BROWSER is ${wanted}; it can be ${Object.keys(launchers).join(', ')}.`);

const files = inHere(`widget/${process.env['ONLY'] ?? '*'}.browser.ts`);

export default {
  rootDir: '..',
  nodeResolve: { exportConditions: ['production', 'default'] },
  concurrency: 2,
  middleware: [strictPage],
  plugins: [esbuildPlugin({ ts: true, target: 'es2022', tsconfig: inHere('../widget/tsconfig.json') })],
  browsers: [await launchers[wanted as keyof typeof launchers]()],
  testFramework: { config: { timeout: patienceMs } },
  browserStartTimeout: patienceMs,
  testsStartTimeout: patienceMs,
  testsFinishTimeout: hangMs,
  groups: [
    { name: 'sources', files, testRunnerHtml: pageFor('/widget/src/script.ts') },
    { name: 'built file', files, testRunnerHtml: pageFor('/widget/dist/widget.js') },
  ],
};
