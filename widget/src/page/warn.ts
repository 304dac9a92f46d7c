const warned = new Set<string>();

/** Tells the host's developer, once a page, of a fault in the set-up. */
export function warnOnce(words: string): void {
  const line = `billhook: ${words}`;
  if (warned.has(line)) return;
  warned.add(line);
  // oxlint-disable-next-line no-console -- nothing else can tell the host's developer
  console.warn(line);
}
