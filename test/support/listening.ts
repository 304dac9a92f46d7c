/** A test's own server on a free port of the loopback address. */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Makes the server listen; resolves with its address once it does.
 *
 * @param at - a port that has to be known before. Default: any that is free.
 */
export async function listening(server: Server, at = 0): Promise<{ url: string; close: () => Promise<void> }> {
  // An idle connection is the client's to end: after a long turn of the event loop, both would be late, and it would be reset.
  server.keepAliveTimeout = 0;
  await new Promise<void>((ready, failed) => {
    server.once('error', failed).listen(at, '127.0.0.1', ready);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closed(server) };
}

/**
 * Ends the open connections too. A free port is soon given again, and a client that keeps its connections would send the
 * requests for the next server to this one.
 */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
