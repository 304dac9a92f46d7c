/** The built file's weight, by source. For the size budget in `test/widget/`. */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, type InlineConfig, type Rolldown } from 'vite';
import { minifyAgain } from './minify.ts';

export interface Weight {
  readonly code: string;
  /** Brotli of `code`, in bytes, as it is served. */
  readonly brotli: number;
  /** Brotli of Lit alone, as it is published, minified in the same way. */
  readonly lit: number;
  /** Brotli of our sources alone, with Lit left outside as an import. */
  readonly ours: number;
  /** By part: how much smaller `brotli` would be without what came from there. */
  readonly parts: Readonly<Record<string, number>>;
}

/** By where a byte came from; the first that fits. */
const partPatterns: Readonly<Record<string, RegExp>> = {
  Lit: /node_modules\//,
  'English words': /\/locales\/en\.ts$/,
  styles: /\/styles\.ts$/,
  languages: /\/(i18n\/[\w-]+|localize-controller)\.ts$/,
  presentation: /\/view\//,
  'elements, templates': /\/(billhook-[\w-]+|templates\/[\w-]+)\.ts$/,
  client: /\.ts$/,
};

const litAlone = 'billhook:lit-alone';

export const brotli = (text: string): number =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

/** @param root - the widget's folder */
export async function weigh(root: string): Promise<Weight> {
  const { code, map } = await chunk({ root, build: { sourcemap: 'hidden' } });
  const ours = await chunk({ root, build: { rolldownOptions: { external: /^lit/ } } });
  const lit = await chunk({
    root,
    configFile: false,
    plugins: [
      {
        name: litAlone,
        resolveId: (id) => (id === litAlone ? `${root}/${litAlone}` : null),
        load: (id) => (id.endsWith(litAlone) ? "export { html, noChange, nothing, render } from 'lit/html.js'" : null),
      },
      minifyAgain(),
    ],
    build: {
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input: litAlone, preserveEntrySignatures: 'strict' },
    },
  });
  const partAt = partsOf(map as unknown as SourceMapPayload);
  const lost = (part: string) => brotli(code) - brotli([...code].filter((_, at) => partAt(at) !== part).join(''));
  return {
    code,
    brotli: brotli(code),
    lit: brotli(lit.code),
    ours: brotli(ours.code),
    parts: Object.fromEntries(Object.keys(partPatterns).map((part) => [part, lost(part)])),
  };
}

async function chunk(config: InlineConfig): Promise<Rolldown.OutputChunk> {
  const result = await build({ logLevel: 'error', ...config, build: { ...config.build, write: false } });
  return (result as Rolldown.RolldownOutput).output[0];
}

/** Which part the byte in a column of the file's one line is of. */
function partsOf(map: SourceMapPayload): (column: number) => string | undefined {
  const sources = new SourceMap(map);
  return (column) => {
    const entry = sources.findEntry(0, column);
    const source = 'originalSource' in entry ? entry.originalSource : '';
    return Object.keys(partPatterns).find((part) => partPatterns[part]?.test(source));
  };
}
