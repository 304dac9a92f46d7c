/**
 * One ES file for a script tag. Not lib mode, which keeps white space in ES output; and not an iife, where
 * `import.meta.url` (where the BFF is) would be lost.
 */
import { defineConfig } from 'vite';
import { integrity } from './build/integrity.ts';
import { litFeatures } from './build/lit-features.ts';
import { compactTemplates, minifyAgain } from './build/minify.ts';

export default defineConfig({
  plugins: [litFeatures(), compactTemplates(), minifyAgain(), integrity()],
  build: {
    target: 'es2022',
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: 'src/script.ts',
      // Keeps `configureBillhook`, for pages that import it from the same address.
      preserveEntrySignatures: 'strict',
      output: { format: 'es', entryFileNames: 'widget.js', codeSplitting: false },
    },
  },
});
