/**
 * Items that survive a trip to Stripe's pages. `sessionStorage` belongs to this tab, so another tab does not claim a return.
 * Where storage is refused or full the item is lost with the page, and the return is an ordinary load.
 */
function stored<Item>(use: (storage: Storage) => Item): Item | null {
  try {
    return use(sessionStorage);
  } catch {
    return null;
  }
}

export const sessionItem = (key: string): string | null => stored((storage) => storage.getItem(key));

export function setSessionItem(key: string, value: string | null): void {
  stored((storage) => (value === null ? storage.removeItem(key) : storage.setItem(key, value)));
}

/** Everything of ours goes. */
export function clearSession(): void {
  for (const key of stored(Object.keys) ?? []) if (key.startsWith('billhook-')) setSessionItem(key, null);
}
