import type { IncomingMessage, ServerResponse } from 'node:http';

const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/**
 * Gives a request so long to arrive whole, and what is left of one that has been answered so long once more. Node's own
 * limit does the same for every request alike, and a batch may take as long as its bytes flow.
 */
export function startDeadline(
  request: IncomingMessage,
  response: ServerResponse,
  ms: number,
  onLate: () => void,
): void {
  // Most requests are polls, and have nothing more to send.
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  if (length === '0' && encoding === undefined) return;
  const start = () => {
    liftDeadline(request);
    if (!request.complete) timers.set(request, setTimeout(onLate, ms));
  };
  const lift = () => liftDeadline(request);
  request.once('end', lift).once('close', lift);
  response.once('finish', start);
  start();
}

/** Lets a request arrive for as long as it takes; whoever calls it watches over the upload himself. */
export function liftDeadline(request: IncomingMessage): void {
  clearTimeout(timers.get(request));
}
