/**
 * Items that survive a trip to Stripe's pages. `sessionStorage` belongs to this tab, so another tab does not claim a return.
 * Where storage is refused the item is lost with the page, and the return is an ordinary load.
 */
export function sessionItem(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function setSessionItem(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // Storage is refused or full: nothing here is worth failing for.
  }
}

/** Everything of ours goes. */
export function clearSession(): void {
  for (const key of storedKeys()) if (key.startsWith('billhook-')) setSessionItem(key, null);
}

function storedKeys(): string[] {
  try {
    return Object.keys(sessionStorage);
  } catch {
    return [];
  }
}
