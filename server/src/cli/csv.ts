/** A file of comma-separated values as spreadsheets write it: semicolons or tabs too, marks of an encoding, cells in quotation marks. */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import process from 'node:process';
import { pipeline, type Readable } from 'node:stream';
import { parse } from 'csv-parse';

export interface CsvRecord {
  /** Of its last line in the file, from 1. */
  readonly number: number;
  readonly cells: readonly string[];
}

interface Numbered {
  readonly record: readonly string[];
  /** Lines so far, this one included. */
  readonly info: { readonly lines: number };
}

/** Cells in quotation marks may hold commas; a mark inside of an unquoted cell is itself. */
const asSpreadsheetsWrite = {
  bom: true,
  trim: true,
  relax_quotes: true,
  relax_column_count: true,
  skip_empty_lines: true,
  record_delimiter: ['\r\n', '\n', '\r'],
};

/**
 * The file's records, or a sentence for each that cannot be read.
 *
 * @param path - the file; `-` is standard input
 */
export async function* recordsOf(path: string): AsyncIterable<CsvRecord | string> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  const unread: string[] = [];
  try {
    const records = parse({
      ...asSpreadsheetsWrite,
      delimiter: await separatorOf(input),
      info: true,
      // An error would end it, and lose the records that were read and not yet taken.
      skip_records_with_error: true,
      on_skip(cause) {
        unread.push(
          `line ${String(cause?.['lines'])}: nothing was read from here on, for it is no CSV [${cause?.code}]`,
        );
        return undefined;
      },
    });
    // An input that fails ends the records with its error.
    pipeline(input, records, () => undefined);
    for await (const { record, info } of records as AsyncIterable<Numbered>)
      yield { number: info.lines, cells: record };
    yield* unread;
  } finally {
    input.destroy();
  }
}

/** Where a comma is the decimal point, spreadsheets separate by semicolons. The first line tells. */
async function separatorOf(input: Readable): Promise<string> {
  await once(input, 'readable');
  const head = input.read() as Buffer | null;
  if (head === null) return ',';
  input.unshift(head);
  // In UTF-16 every other byte of these characters is zero.
  const [line = ''] = head
    .toString('latin1')
    .replaceAll('\0', '')
    .split(/[\r\n]/);
  const unquoted = line.replaceAll(/"[^"]*"/g, '');
  return [',', ';', '\t'].find((separator) => unquoted.includes(separator)) ?? ',';
}
