/** Stripe's search language, as far as the sandbox speaks it: exact matches, joined by AND. */

import { invalidRequest } from '../errors.ts';

interface Searchable {
  readonly name?: string | null;
  readonly email?: string | null;
  readonly phone?: string | null;
  readonly metadata: Record<string, string>;
}

/** `email:'a@b.example'` or `metadata['team']:"7"`; a quote inside is escaped by a backslash. */
const clausePattern =
  /^(?:(email|name|phone)|metadata\[(?:'([^']+)'|"([^"]+)")\]):(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")$/;

/**
 * Reads a query into a test of rows.
 *
 * @example
 * readSearch("metadata['team']:'7' AND email:'a@b.example'")(customer); // true
 */
export function readSearch(query: string): (row: Searchable) => boolean {
  const clauses = query.split(/\s+AND\s+(?=[a-z]+[[:])/i).map((clause) => {
    const [match, field, single, double, value, other] = clausePattern.exec(clause.trim()) ?? [];
    if (match === undefined) {
      throw invalidRequest(`We were unable to parse your search query. The sandbox does not know: ${clause}`, {
        param: 'query',
      });
    }
    const wanted = (value ?? other ?? '').replaceAll(/\\(.)/g, '$1');
    const key = single ?? double;
    return { field: field as 'email' | 'name' | 'phone' | undefined, key, wanted };
  });
  return (row) =>
    clauses.every(({ field, key, wanted }) =>
      field === undefined ? row.metadata[key ?? ''] === wanted : row[field] === wanted,
    );
}
