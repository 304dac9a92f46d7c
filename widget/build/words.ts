/** A language for its review: each word beside the English one and its place. `node build/words.ts de > de.md` */

import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { en } from '../src/i18n/locales/en.ts';
import { enMore, type WordKey } from '../src/i18n/locales/en-more.ts';
import { notes } from '../src/i18n/locales/notes.ts';

const english = { ...en, ...enMore };

/** As a table in Markdown, in the order of the places; plural forms stand below their word. */
export async function review(language: string): Promise<string> {
  const file = new URL(`../src/i18n/locales/${language}.json`, import.meta.url);
  const words = JSON.parse(await readFile(file, 'utf8')) as Readonly<Record<string, string>>;
  const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const rows = (Object.keys(notes) as WordKey[]).flatMap((key) => [
    row(key, english[key], words[key] ?? '', notes[key]),
    ...Object.keys(words)
      .filter((form) => form.startsWith(`${key}.`) && !(form in english))
      .map((form) => row(form, '', words[form] ?? '', '')),
  ]);
  return `${row('key', 'English', language, 'where')}| --- | --- | --- | --- |\n${rows.join('')}`;
}

if (import.meta.main) process.stdout.write(await review(process.argv[2] ?? 'en'));
