import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { signal } from '../test/signal.ts';
import type { ApiEnv } from './route.ts';
import { serve } from './serve.ts';
import { stopServer } from './stop-server.ts';

const FAR_AWAY_MS = 600_000;

async function start(app = new Hono<ApiEnv>()) {
  const server = await serve(app, { host: '127.0.0.1', port: 0 });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('There is no port.');
  return { server, port: address.port };
}

test('ends at once where nobody asks, though connections stand open', async () => {
  const { server, port } = await start();
  const agent = new Agent({ keepAlive: true });
  const [response] = await once(get({ port, agent, path: '/' }), 'response');
  await once(response.resume(), 'end');
  const silent = connect(port, '127.0.0.1');
  await once(silent, 'connect');
  await stopServer(server, FAR_AWAY_MS);
  agent.destroy();
  silent.destroy();
});

test('lets a request under way end, and keeps its connection no longer', async () => {
  const { promise: begun, resolve: begin } = signal();
  const { promise: mayEnd, resolve: end } = signal();
  const app = new Hono<ApiEnv>();
  app.get('/', async (c) => {
    begin();
    await mayEnd;
    return c.text('done');
  });
  const { server, port } = await start(app);
  const answer = fetch(`http://127.0.0.1:${port}/`);
  await begun;
  const stopped = stopServer(server, FAR_AWAY_MS);
  end();
  expect(await (await answer).text()).toBe('done');
  await stopped;
});

test('cuts off a request that has not ended at the deadline', async () => {
  const app = new Hono<ApiEnv>();
  const { promise: begun, resolve: begin } = signal();
  app.get('/', () => {
    begin();
    return new Promise<Response>(() => undefined);
  });
  const { server, port } = await start(app);
  const answer = fetch(`http://127.0.0.1:${port}/`).catch(() => 'cut off');
  await begun;
  await stopServer(server, 20);
  expect(await answer).toBe('cut off');
});
