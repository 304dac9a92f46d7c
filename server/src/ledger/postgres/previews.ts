/** Previews of next invoices in PostgreSQL. */

import { previewSql, type PreviewStore } from '../previews.ts';
import { previewClaimOf, previewText, text } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { notify, syncedChange } from './feed.ts';

export function postgresPreviews(db: PostgresDatabase): PreviewStore {
  return {
    async claimPreview(customer, now, restMs) {
      const row = await db.get(previewSql.claim, { customer, now, restedBefore: now - restMs });
      return row ? previewClaimOf(row) : null;
    },

    async keepPreview(claim, invoice) {
      const { customer, ticket } = claim;
      return await db.transaction(async (tx) => {
        const row = await tx.get(previewSql.keep, { customer, ticket, preview: previewText(claim, invoice) });
        if (!row) return false;
        const account = { host: text(row['host']), account: text(row['account']) };
        await tx.run(`SELECT ${notify}`, { news: syncedChange(account) });
        return true;
      });
    },
  };
}
