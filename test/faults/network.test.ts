import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import { listenOnce } from '../../start/listen-once.ts';
import { type DropProxy, startDropProxy } from './drop-proxy.ts';
import { survive } from './survive.ts';
import { type System, startSystem } from './system.ts';

let system: System;
let apiToRedis: DropProxy;
let workerToRedis: DropProxy;
let clientToApi: DropProxy;

beforeAll(async () => {
  const redisPort = await listenOnce('127.0.0.1', 0);
  apiToRedis = await startDropProxy(redisPort);
  workerToRedis = await startDropProxy(redisPort);
  const through = ({ port }: DropProxy) => ({ REDIS_URL: `redis://127.0.0.1:${port}` });
  system = await startSystem({
    redisPort,
    apiEnv: through(apiToRedis),
    workerEnv: () => through(workerToRedis),
  });
  clientToApi = await startDropProxy(Number(new URL(system.url).port));
});
afterAll(async () => {
  await system?.stop();
  for (const proxy of [apiToRedis, workerToRedis, clientToApi]) await proxy?.stop();
});

/** Cuts a line for so long that whoever stands at its ends has given up more than once. */
async function cutFor(ms: number, proxy: DropProxy): Promise<void> {
  proxy.cut();
  await delay(ms);
  proxy.heal();
}

test('an API that is cut off from Redis loses no job, and finds it again', async () => {
  await survive(system, 'API cut off from Redis, 20 s', () => cutFor(20_000, apiToRedis));
});

test('workers that are cut off from Redis lose no job, and find it again', async () => {
  await survive(system, 'workers cut off from Redis, 20 s', () => cutFor(20_000, workerToRedis));
});

test('a short cut between workers and Redis is noticed too', async () => {
  await survive(system, 'workers cut off from Redis, 1 s', () => cutFor(1_000, workerToRedis));
});

test('clients that are cut off from the API lose no job that was accepted', async () => {
  const { port } = clientToApi;
  const cutOff = { ...system, url: `http://127.0.0.1:${port}` };
  await survive(cutOff, 'clients cut off from the API, 10 s', () => cutFor(10_000, clientToApi));
});
