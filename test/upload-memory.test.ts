import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pngOf } from './image-bytes.ts';
import { startRedis, type TestRedis } from './redis-server.ts';
import { type SpawnedApi, spawnApi } from './spawn-api.ts';

const MiB = 2 ** 20;
const STALLED = 12;
const SENDERS = 24;

let redis: TestRedis;
let api: SpawnedApi;

beforeAll(async () => {
  redis = await startRedis();
  api = await spawnApi({ REDIS_URL: redis.url, LOG_LEVEL: 'fatal' });
});
afterAll(async () => {
  await api.end();
  await redis.stop();
});

const memory = (name: 'VmRSS' | 'VmHWM') =>
  Number(
    new RegExp(`${name}:\\s+(\\d+) kB`).exec(
      readFileSync(`/proc/${api.process.pid}/status`, 'utf8'),
    )?.[1],
  ) * 1024;

/** A sender who announces 20 MiB, sends 15 and no more; resolves when these are sent, to what he will be told. */
async function stall(): Promise<{ status: Promise<string> }> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  const answer = once(socket, 'data').then(([data]) => String(data).slice(9, 12));
  socket.on('error', () => undefined);
  socket.write(`POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: ${20 * MiB}\r\n\r\n`);
  await new Promise((resolve) => socket.write(pngOf(15 * MiB), resolve));
  return { status: answer.finally(() => socket.destroy()) };
}

/** Sends a picture of 15 MiB until it is taken, as the answer says. */
async function submit(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(`${api.url}/v1/jobs`, { method: 'POST', body: pngOf(15 * MiB) });
    if (answer.status === 202) return tries;
    expect(await answer.json()).toMatchObject({ status: 503, code: 'queue_full' });
    await delay(1_000 * Number(answer.headers.get('retry-after')));
  }
}

test.runIf(process.platform === 'linux')(
  'uploads of 540 MiB at once are taken by an API that grows by less than 450, and who stalls gives way',
  async () => {
    const before = memory('VmRSS');
    const stalled = await Promise.all(Array.from({ length: STALLED }, stall));
    await Promise.all(Array.from({ length: SENDERS }, submit));
    expect(memory('VmHWM') - before).toBeLessThan(450 * MiB);
    // Some eight fit into the memory, and these made room for the senders.
    expect(await Promise.all(stalled.map(({ status }) => status))).toEqual(
      Array(STALLED).fill('503'),
    );
  },
  120_000,
);
