/**
 * Puts the wire's types into the package itself. They are written once, in the widget's package, and a backend that asks for
 * access shall not install elements for the page.
 */

import { copyFileSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../../../widget/dist/contract.d.ts', import.meta.url));
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const own = `${dist}/host/src/contract.d.ts`;
copyFileSync(from, own);

// The server's rooms that are compiled along read them from the widget's package.
for (const file of globSync(`${dist}/src/**/*.d.ts`)) {
  const path = relative(dirname(file), own)
    .replaceAll('\\', '/')
    .replace(/\.d\.ts$/, '.js');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('@billhook/widget/contract', path));
}
