/** The ETags that the client has. A proxy that compressed the answer may have made ours weak; it is the same document. */
export function etagsOf(header: string | undefined): ReadonlySet<string> {
  const etags = (header ?? '').split(',').map((etag) => etag.trim().replace(/^W\//, ''));
  return new Set(etags.filter(Boolean));
}

/** Whether the client has the document of this ETag. */
export const includesEtag = (header: string | undefined, etag: string): boolean =>
  header === etag || etagsOf(header).has(etag);
