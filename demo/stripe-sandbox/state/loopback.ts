/** The machine itself: a sandbox has no password, and sends nothing into other networks. */

/** `localhost` (RFC 6761, 6.3), 127.0.0.0/8 and ::1, as the URL parser writes them. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  /^127(?:\.\d+){3}$/.test(hostname);

/** Whether events may be sent there. Elsewhere the sandbox would be a way to send requests into other networks. */
export function isOwnEndpoint(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return /^https?:$/.test(protocol) && isLoopback(hostname);
}
