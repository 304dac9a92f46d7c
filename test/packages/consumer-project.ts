/** A project of TypeScript that uses the packed packages, checked as its owner would. */

import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Consumer } from './packed.ts';

/** Each resolution with the kind of module that belongs to it. */
const modules = { nodenext: 'nodenext', node16: 'node16', bundler: 'esnext' } as const;
export type Resolution = keyof typeof modules;
export const resolutions = Object.keys(modules) as Resolution[];

/** Writes the project; answers its tsconfig. */
export async function consumerProject(folder: string, moduleResolution: Resolution): Promise<string> {
  const files = ['consumer.ts', 'host-consumer.mts'];
  for (const file of files) await cp(join(import.meta.dirname, file), join(folder, file));
  const compilerOptions = {
    module: modules[moduleResolution],
    moduleResolution,
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  };
  const project = join(folder, `tsconfig.${moduleResolution}.json`);
  await writeFile(project, JSON.stringify({ compilerOptions, files }));
  return project;
}

/** The compiler's complaints, one each. */
export async function typeCheck({ node }: Consumer, tsc: string, project: string): Promise<string[]> {
  const { code, output } = await node(tsc, '-p', project);
  const complaints = output.split('\n').filter((line) => line.includes('error TS'));
  if (code !== 0 && complaints.length === 0) throw new Error(`tsc ended with ${code}: ${output}`);
  return complaints;
}
