import { type IncomingHttpHeaders, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE';
  headers: Record<string, string>;
  body?: AsyncIterable<string>;
  signal: AbortSignal;
  /** How long the connection may be silent; without it, for ever. */
  idleMs?: number;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * Sends a request and reads its answer. Not by `fetch`: it gives up after 300 seconds without headers, while the server
 * may hold an upload up for as long as its queue has no room.
 */
export async function httpRequest(url: string, options: HttpRequest): Promise<HttpAnswer> {
  const { method, headers, body, signal, idleMs } = options;
  const send = url.startsWith('https:') ? overHttps : overHttp;
  const request = send(url, { method, headers, signal });
  if (idleMs) request.setTimeout(idleMs, () => request.destroy(new Error('it does not answer')));
  const response = new Promise<HttpAnswer>((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (incoming) => {
      const answer = { status: incoming.statusCode ?? 0, headers: incoming.headers };
      text(incoming).then((read) => resolve({ ...answer, body: read }), reject);
    });
  });
  // A server that has answered may hang up on the rest; where it has not, `response` rejects too.
  if (body) pipeline(Readable.from(body), request).catch(() => undefined);
  else request.end();
  return response;
}
