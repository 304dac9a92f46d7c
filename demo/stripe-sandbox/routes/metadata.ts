/** Stripe's metadata is patched key by key; an empty value removes its key. */
export function patchMetadata(
  target: { metadata: Record<string, string> | null },
  patch: Record<string, string> | null | undefined,
): void {
  if (patch === undefined) return;
  const merged = patch === null ? {} : { ...target.metadata, ...patch };
  target.metadata = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

export function freshMetadata(given: Record<string, string> | null | undefined): Record<string, string> {
  const target = { metadata: {} };
  patchMetadata(target, given);
  return target.metadata;
}
