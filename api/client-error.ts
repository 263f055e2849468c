import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, problem } from '../shared/errors.ts';
import { PROBLEM_TYPE } from './problem-response.ts';

/** How long a connection stays after our last word, so that the other side can read it. */
const LINGER_MS = 2_000;

/**
 * Answers what Node's HTTP parser refuses before the app sees it (bytes that are no HTTP, headers that are too large,
 * a request that does not arrive in time), and CONNECT, which Node hands over as a bare socket. Then closes the
 * connection, which cannot be trusted any more.
 */
export function createClientErrorAnswers(
  connections: ReadonlyMap<Duplex, ServerResponse | undefined>,
) {
  const answered = new WeakSet<Duplex>();

  return {
    answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
      // The parser repeats itself at every further byte. The connection ends when its time is up.
      if (answered.has(socket)) return;
      // A second answer must not be written into the first.
      const response = connections.get(socket);
      const hasBegun = response?.headersSent && !response.writableFinished;
      if (error.code === 'ECONNRESET' || !socket.writable || hasBegun) {
        socket.destroy(error);
        return;
      }
      answered.add(socket);
      endSocket(socket, rawProblem(codeOf(error)));
    },

    answerConnect(_request: IncomingMessage, socket: Duplex): void {
      // Node has taken its own listener off.
      socket.on('error', () => socket.destroy());
      endSocket(socket, rawProblem('method_not_allowed', { Allow: 'GET, HEAD, POST, DELETE' }));
    },
  };
}

function endSocket(socket: Duplex, text: string): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end(text);
  socket.resume();
}

/** A whole HTTP response with a problem in it, for a socket that has no response object. */
function rawProblem(code: ErrorCode, headers: Record<string, string> = {}): string {
  const document = problem(code);
  const body = JSON.stringify(document);
  return [
    `HTTP/1.1 ${document.status} ${STATUS_CODES[document.status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

function codeOf({ code }: NodeJS.ErrnoException): ErrorCode {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headers_too_large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout';
    default:
      return 'bad_http';
  }
}
