import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

export interface DropProxy {
  port: number;
  /** Drops all bytes from now on, and tells neither side, as a firewall does. */
  cut(): void;
  /** Lets new connections through. Those from before stay dead, as behind a router that has forgotten them. */
  heal(): void;
  stop(): Promise<void>;
}

/** Stands between a client and a server of this machine, and can cut them off from each other. */
export async function startDropProxy(targetPort: number): Promise<DropProxy> {
  const sockets = new Set<Socket>();
  const living = new Set<{ dead: boolean }>();
  let isCut = false;

  const join = (from: Socket, to: Socket, link: { dead: boolean }) => {
    sockets.add(from);
    from.on('data', (bytes) => {
      if (!link.dead) to.write(bytes);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      living.delete(link);
      if (!link.dead) to.destroy();
    });
  };
  const server = createServer({ noDelay: true }, (client) => {
    const link = { dead: isCut };
    living.add(link);
    const target = createConnection({ host: '127.0.0.1', port: targetPort, noDelay: true });
    join(client, target, link);
    join(target, client, link);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('Expected an address with a port.');
  return {
    port: address.port,
    cut() {
      isCut = true;
      for (const link of living) link.dead = true;
    },
    heal() {
      isCut = false;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
