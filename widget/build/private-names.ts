/** The members that only our own code reads, which the minifier may give short names. */
import { readFileSync } from 'node:fs';

/** Their interfaces are spoken between our modules, and nowhere else. */
const INSIDE = [
  'client/api',
  'client/client-state',
  'client/page-lifecycle',
  'client/polling',
  'view/present',
  'client/token-source',
  'view/banner',
  'i18n/localizer',
];
/** What is said here reaches pages, the wire or the locale files; a member of the same name keeps it. */
const OUTSIDE = ['contract', 'page/errors', 'page/events', 'i18n/locales/en', 'page/config'];

/** @param sources the folder of the widget's sources */
export function privateNames(sources: URL): RegExp {
  const code = (module: string) => {
    const text = readFileSync(new URL(`${module}.ts`, sources), 'utf8');
    return text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
  };
  const taken = new Set(OUTSIDE.flatMap((module) => code(module).match(/\w+/g) ?? []));
  const members = INSIDE.flatMap((module) => code(module).match(/^export interface [^]*?^}/gm) ?? []).flatMap((each) =>
    [...each.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].flatMap(([, name]) => name ?? []),
  );
  const names = [...new Set(members)].filter((name) => !taken.has(name));
  // And Lit's own: this copy renders nobody else's templates, and nobody else renders its.
  return new RegExp(`^_\\$|^(${names.join('|')})$`);
}
