/**
 * Contact sheets for the eye: every state of the gallery in each theme, width and language, a picture a combination.
 *
 * ```sh
 * node test/e2e/gallery-sheets.ts /tmp/sheets              # all 24
 * node test/e2e/gallery-sheets.ts /tmp/sheets ja dark      # those whose name has both
 * ```
 */

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { combinations, look, visitGallery } from './gallery-visit.ts';

const [folder = join(import.meta.dirname, '../node_modules/.cache/sheets'), ...wanted] = process.argv.slice(2);
const all = [
  ...combinations({ lang: ['en', 'de', 'ar', 'ja'], theme: ['light', 'dark'], width: ['240px', '480px', '960px'] }),
];

mkdirSync(folder, { recursive: true });
const gallery = await visitGallery();
let taken = 0;
try {
  const page = await gallery.enter({ viewport: { width: 1600, height: 900 } });
  for (const choice of all) {
    const name = Object.values(choice).join('-');
    if (!wanted.every((part) => name.split('-').includes(part))) continue;
    // oxlint-disable no-await-in-loop -- one page, one picture after the other
    await look(page, choice);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    // oxlint-enable no-await-in-loop
    taken += 1;
  }
} finally {
  await gallery.close();
}
process.stdout.write(`${taken} sheets in ${resolve(folder)}\n`);
// Exhibits of failures warn their host's developer, as they should.
const troubles = gallery.troubles.filter((each) => !each.startsWith('billhook: '));
if (troubles.length > 0 || taken === 0) {
  process.stderr.write(`${troubles.join('\n')}\n`);
  process.exitCode = 1;
}
