import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { findPort } from './find-port.ts';

const host = '127.0.0.1';
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
  );
});

async function occupyPort(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('Expected an address with a port.');
  return { server, port: address.port };
}

function find(port: number, { waitMs = 10_000, host: on = host } = {}) {
  const said: string[] = [];
  const { signal } = new AbortController();
  const found = findPort({ host: on, port, say: (line) => said.push(line), signal, waitMs });
  return { found, said };
}

test('gives a free port for 0', async () => {
  expect(await find(0).found).toBeGreaterThan(0);
});

test('waits for a port that is in use until it becomes free', async () => {
  const { server, port } = await occupyPort();
  const { found, said } = find(port);
  await expect
    .poll(() => said)
    .toEqual([`Port ${port} is in use: waiting 10 s for it to become free.`]);
  server.close();
  expect(await found).toBe(port);
});

test('refuses a port that stays in use, and names another', async () => {
  const { port } = await occupyPort();
  await expect(find(port, { waitMs: 0 }).found).rejects.toThrow(
    `Expected a free port for PORT but received ${port}, which is in use: PORT=${port + 1} npm start.`,
  );
});

test('refuses an address that is not of this machine', async () => {
  await expect(find(0, { host: '192.0.2.1' }).found).rejects.toThrow(
    /192\.0\.2\.1:0 \(EADDRNOTAVAIL\)/,
  );
});
