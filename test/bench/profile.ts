/** The functions in which the time of an operation is spent, those with the largest self time first. */

import { Session } from 'node:inspector/promises';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SelfTime {
  readonly name: string;
  readonly file: string;
  /** Of the whole profile's time without idling, 0 to 1. */
  readonly share: number;
}

const root = resolve(import.meta.dirname, '../..');

/** @param work - is profiled from its beginning to its end */
export async function selfTimes(work: () => Promise<unknown>, most = 15): Promise<readonly SelfTime[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    await session.post('Profiler.start');
    await work();
    const { profile } = await session.post('Profiler.stop');
    const samples = new Map<string, number>();
    const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
    for (const id of profile.samples ?? []) {
      const frame = names.get(id);
      if (frame === undefined || frame.functionName === '(idle)') continue;
      const key = `${frame.functionName || '(anonymous)'}\u0000${placeOf(frame.url)}`;
      samples.set(key, (samples.get(key) ?? 0) + 1);
    }
    const total = [...samples.values()].reduce((sum, each) => sum + each, 0);
    return [...samples]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([key, count]) => {
        const [name = '', file = ''] = key.split('\u0000');
        return { name, file, share: count / total };
      });
  } finally {
    session.disconnect();
  }
}

function placeOf(url: string): string {
  if (!url.startsWith('file:')) return url;
  const path = relative(root, fileURLToPath(url));
  return path.replace(/^.*node_modules\//, '');
}
