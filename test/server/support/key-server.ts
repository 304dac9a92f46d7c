/** A host's key set at a web address of this machine, which can be right, wrong, slow or gone. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listening } from '../../support/listening.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface KeyServer {
  readonly url: string;
  /** How often it was asked. */
  requests: number;
  answer: Answer;
  close(): Promise<void>;
}

/** Answers with a set of these keys. */
export const keySet =
  (...keys: readonly unknown[]): Answer =>
  (_, response) =>
    void response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys }));

/** Hangs up without a word. */
export const down: Answer = (request) => void request.socket.destroy();

export async function startKeyServer(answer: Answer): Promise<KeyServer> {
  const http = createServer((request, response) => {
    keyServer.requests += 1;
    keyServer.answer(request, response);
  });
  const { url, close } = await listening(http);
  const keyServer: KeyServer = {
    url: `${url}/jwks.json`,
    requests: 0,
    answer,
    close,
  };
  return keyServer;
}
