/** Previews of next invoices in SQLite. */

import { previewSql, type PreviewStore } from '../previews.ts';
import { previewClaimOf, previewText } from '../rows.ts';
import type { SqliteDatabase } from './database.ts';

/** A preview that a power failure takes back is asked for again. */
export function sqlitePreviews(db: SqliteDatabase): PreviewStore {
  return {
    async claimPreview(customer, now, restMs) {
      const row = await db.transient(() => db.get(previewSql.claim, { customer, now, restedBefore: now - restMs }));
      return row ? previewClaimOf(row) : null;
    },

    async keepPreview(claim, invoice) {
      const { customer, ticket } = claim;
      const bind = { customer, ticket, preview: previewText(claim, invoice) };
      const row = await db.transient(() => db.get(previewSql.keep, bind));
      return row !== undefined;
    },
  };
}
