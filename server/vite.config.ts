/**
 * The command line as a program of few files, its libraries within: resolving and linking their 700 modules was more than
 * half of a start. The databases' drivers stay outside, one is native. What a host imports (`dist/index.js`) is the
 * compiler's, file by file, and takes the libraries that the host has installed.
 */
import { defineConfig } from 'vite';

export default defineConfig({
  ssr: { noExternal: true },
  build: {
    ssr: 'src/cli/cli.ts',
    target: 'es2022',
    emptyOutDir: false,
    // Their licences demand that their notices go along.
    license: { fileName: 'cli/licenses.md' },
    rolldownOptions: {
      external: ['better-sqlite3', 'pg'],
      // In one folder: `../../package.json` is where the sources have it.
      output: { entryFileNames: 'cli/[name].js', chunkFileNames: 'cli/[name].js' },
    },
  },
});
