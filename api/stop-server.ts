import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Open connections, with the last response of each, which may have ended. */
export type Connections = Map<Socket, ServerResponse | undefined>;

const open = new WeakMap<Server, Connections>();

/**
 * Keeps account of a server's connections, for `stopServer`. Call before it has another listener.
 *
 * Not of the responses under way: a set that changes with every request keeps what it held, since V8 chains the tables
 * that a set has outgrown, and what the next holds is not collected with the young once one is old. That was a sixth of
 * what a poll costs.
 */
export function watchConnections(server: Server): Connections {
  const connections: Connections = new Map();
  open.set(server, connections);
  server.on('connection', (socket: Socket) => {
    connections.set(socket, undefined);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', ({ socket }, response: ServerResponse) => {
    if (!server.listening) response.setHeader('Connection', 'close');
    connections.set(socket, response);
  });
  return connections;
}

/** Takes no more connections and lets the requests under way end; after the deadline they are cut off. */
export async function stopServer(server: Server, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const [socket, response] of open.get(server) ?? []) {
    // Node counts as busy what a browser has opened in advance, …
    if (socket.bytesRead === 0) socket.destroy();
    // … and would keep the others open for the caller's next request.
    else if (!response?.headersSent) response?.setHeader('Connection', 'close');
    else response.once('close', () => server.closeIdleConnections());
  }
  const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearTimeout(timer);
}
