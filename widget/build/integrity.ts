/** The script's Subresource Integrity, printed by each build and published beside it, for a page that hosts the file itself. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** @see {@link https://www.w3.org/TR/SRI/ Subresource Integrity} */
export function integrity(): Plugin {
  return {
    name: 'billhook:integrity',
    apply: 'build',
    async writeBundle({ dir = 'dist' }) {
      const value = `sha384-${createHash('sha384')
        .update(await readFile(join(dir, 'widget.js')))
        .digest('base64')}`;
      await writeFile(join(dir, 'integrity.json'), `${JSON.stringify({ 'widget.js': value }, null, 2)}\n`);
      process.stdout.write(`widget.js ${value}\n`);
    },
  };
}
