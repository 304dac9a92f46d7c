const warned = new Set<string>();

/** Tells the host's developer, once a page, of a fault in the set-up that is no error for the customer. */
export function warnOnce(code: string, words: string): void {
  if (warned.has(code)) return;
  warned.add(code);
  // oxlint-disable-next-line no-console -- nothing else can tell the host's developer
  console.warn(`billhook: ${code}: ${words}`);
}
