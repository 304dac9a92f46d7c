/**
 * Builds the framework pages, each as its own host would: `node host/frameworks/build.ts`. In development mode, because
 * what a framework has to complain about it says only there.
 */

process.env['NODE_ENV'] = 'development';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import vue from '@vitejs/plugin-vue';
import { join } from 'node:path';
import { build, type PluginOption } from 'vite';
import solid from 'vite-plugin-solid';
import { angular } from './angular-compiler.ts';

const root = import.meta.dirname;
const vuePlugin = () =>
  vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('billhook-') } } });

/** Entries of bundles for browsers, and of bundles that a server renders with. */
const pages: Readonly<Record<string, { entry: string; plugins?: PluginOption[]; server?: string }>> = {
  npm: { entry: 'npm.ts' },
  react: { entry: 'react/main.tsx' },
  'react-server': { entry: 'react-server/client.tsx', server: 'react-server/server.tsx' },
  vue: { entry: 'vue/main.ts', plugins: [vuePlugin()] },
  'vue-server': { entry: 'vue-server/client.ts', server: 'vue-server/server.ts', plugins: [vuePlugin()] },
  svelte: { entry: 'svelte/main.ts', plugins: [svelte({ configFile: false })] },
  solid: { entry: 'solid/main.tsx', plugins: [solid({ dev: true })] },
  angular: { entry: 'angular/main.ts', plugins: [angular(join(root, 'angular'))] },
};

const began = performance.now();
await Promise.all(
  Object.entries(pages).flatMap(([name, { entry, plugins = [], server }]) => [
    bundle(join(root, entry), `${name}.js`, plugins, false),
    ...(server === undefined ? [] : [bundle(join(root, server), `${name}.server.js`, plugins, true)]),
  ]),
);
process.stdout.write(
  `${Object.keys(pages).length} framework pages built in ${((performance.now() - began) / 1000).toFixed(1)} s\n`,
);

function bundle(input: string, file: string, plugins: PluginOption[], ssr: boolean): Promise<unknown> {
  return build({
    root,
    configFile: false,
    mode: 'development',
    logLevel: 'warn',
    plugins,
    build: {
      ssr,
      outDir: 'dist',
      emptyOutDir: false,
      minify: false,
      modulePreload: false,
      target: 'es2022',
      rolldownOptions: {
        checks: { pluginTimings: false },
        input,
        output: { format: 'es', entryFileNames: file, codeSplitting: false },
      },
    },
  });
}
