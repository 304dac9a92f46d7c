/**
 * Angular, compiled ahead of time by Angular's own compiler as a Vite plugin: `@angular/build` would do the same and bring
 * 130 MB of things that a page of this size has no use for.
 */

import linker from '@angular/compiler-cli/linker/babel';
import { createCompilerHost, performCompilation, formatDiagnostics, readConfiguration } from '@angular/compiler-cli';
import { transformAsync } from '@babel/core';
import { dirname } from 'node:path';
import type { Plugin } from 'vite';

/** @param project - the folder of the `tsconfig.json`. Its templates' types are checked, and an error fails the build. */
export function angular(project: string): Plugin {
  const rootDir = dirname(project);
  /** The compiled text of our own files, by their path. */
  const compiled = new Map<string, string>();
  return {
    name: 'tidewater:angular',
    enforce: 'pre',

    buildStart() {
      const { options, rootNames, errors } = readConfiguration(project);
      Object.assign(options, { noEmit: false, rootDir, outDir: rootDir, declaration: false, sourceMap: false });
      const host = createCompilerHost({ options });
      host.writeFile = (path, text) => compiled.set(path.replace(/\.js$/, '.ts'), text);
      const { diagnostics } = performCompilation({ rootNames, options, host });
      // The widget's own sources, which are what `@billhook/widget` is in here, are checked where they are.
      const ours = diagnostics.filter(({ file }) => !file || file.fileName.startsWith(rootDir));
      if (errors.length + ours.length > 0) this.error(formatDiagnostics([...errors, ...ours]));
    },

    async transform(code, id) {
      const own = compiled.get(id);
      if (own !== undefined) return { code: own, map: null };
      // Angular's packages are published half compiled, so that each application's compiler may finish them.
      if (!id.includes('@angular') || !code.includes('ɵɵngDeclare')) return null;
      const linked = await transformAsync(code, {
        plugins: [[linker, { linkerJitMode: false }]],
        filename: id,
        babelrc: false,
        configFile: false,
        compact: false,
      });
      return linked?.code ? { code: linked.code, map: null } : null;
    },
  };
}
