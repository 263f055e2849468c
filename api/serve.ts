import { createServer, type IncomingMessage, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { problem } from '../shared/errors.ts';
import { createClientErrorAnswers } from './client-error.ts';
import { PROBLEM_TYPE } from './problem-response.ts';
import { startDeadline } from './request-deadline.ts';
import type { ApiEnv } from './route.ts';
import { watchConnections } from './stop-server.ts';

export interface ServerTimes {
  /** A sender has this long for a request's headers, … */
  headersMs: number;
  /** … this long for the whole of it, unless it is a batch, … */
  requestMs: number;
  /** … and this is how often Node looks. */
  checkMs: number;
}

const defaultTimes: ServerTimes = { headersMs: 10_000, requestMs: 60_000, checkMs: 1_000 };

/** Serves an app over HTTP; resolves when it listens. Rejects where the port is taken. */
export function serve(
  app: Hono<ApiEnv>,
  { host, port }: { host: string; port: number },
  { headersMs, requestMs, checkMs }: ServerTimes = defaultTimes,
): Promise<Server> {
  const listener = getRequestListener(app.fetch, {
    // Only a request that cannot be made into one comes here: an impossible Host or path.
    errorHandler: badHttp,
    // Its clean-up cuts a sender off after half a second, who then sees a reset and no answer.
    autoCleanupIncoming: false,
    // For HTTP/1.0, which has no Host.
    hostname: 'localhost',
  });
  const server = createServer({
    requestTimeout: 0,
    headersTimeout: headersMs,
    connectionsCheckingInterval: checkMs,
    keepAliveTimeout: 65_000,
    // Node's own refusal has no body, and lets a second Host pass.
    requireHostHeader: false,
  });
  const connections = watchConnections(server);
  server.on('request', (request, response) => {
    // Who was refused in mid-upload may send the rest, which goes nowhere, until the request's time is up.
    response.once('finish', () => request.resume());
    startDeadline(request, response, requestMs, () => {
      if (response.writableFinished) request.destroy();
      else server.emit('clientError', requestTimeout(), request.socket);
    });
    if (hasRightHost(request)) return listener(request, response);
    response.writeHead(400, badHttpHeaders).end(badHttpBody);
  });
  // RFC 9110, 10.1.1 lets us pass over an expectation that we do not know; Node would answer 417 without a body.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  const answers = createClientErrorAnswers(connections);
  server.on('clientError', answers.answerClientError);
  server.on('connect', answers.answerConnect);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

/** What Node says where a request does not arrive in time. */
function requestTimeout(): Error {
  return Object.assign(new Error('The request took too long.'), {
    code: 'ERR_HTTP_REQUEST_TIMEOUT',
  });
}

/** RFC 9112, 3.2: one Host, which only HTTP/1.0 may leave out. */
function hasRightHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  // Names and values in turn. Node's `headersDistinct` would sort all of them for this one.
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && /^host$/i.test(name)).length;
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}

function badHttp(): Response {
  return new Response(badHttpBody, { status: 400, headers: badHttpHeaders });
}

const badHttpBody = JSON.stringify(problem('bad_http'));
const badHttpHeaders = { 'Content-Type': PROBLEM_TYPE, 'Content-Length': `${badHttpBody.length}` };
