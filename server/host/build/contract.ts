/**
 * Puts the wire's types into the package itself. They are written once, in the widget's package, and a backend that asks for
 * access shall not install elements for the page.
 */

import { copyFileSync } from 'node:fs';

const from = new URL('../../../widget/dist/contract.d.ts', import.meta.url);
copyFileSync(from, new URL('../dist/host/src/contract.d.ts', import.meta.url));
