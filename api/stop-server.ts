import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Open {
  sockets: Set<Socket>;
  /** Answers that are still owed. */
  responses: Set<ServerResponse>;
}

const open = new WeakMap<Server, Open>();

/** Keeps account of a server's connections, for `stopServer`. Call before it has another listener. */
export function watchConnections(server: Server): void {
  const sockets = new Set<Socket>();
  const responses = new Set<ServerResponse>();
  open.set(server, { sockets, responses });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (_request, response: ServerResponse) => {
    if (!server.listening) response.setHeader('Connection', 'close');
    responses.add(response);
    response.once('close', () => responses.delete(response));
  });
}

/** Takes no more connections and lets the requests under way end; after the deadline they are cut off. */
export async function stopServer(server: Server, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const { sockets, responses } = open.get(server) ?? { sockets: [], responses: [] };
  // Node would keep these connections open for the caller's next request, …
  for (const response of responses) {
    if (!response.headersSent) response.setHeader('Connection', 'close');
    else response.once('close', () => server.closeIdleConnections());
  }
  // … and counts as busy what a browser has opened in advance.
  for (const socket of sockets) {
    if (socket.bytesRead === 0) socket.destroy();
  }
  const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearTimeout(timer);
}
