import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstBytes } from './image-bytes.ts';
import { startRedis, type TestRedis } from './redis-server.ts';
import { type SpawnedApi, spawnApi } from './spawn-api.ts';
import { type StandInWorker, startStandInWorker } from './stand-in-worker.ts';
import { until } from './until.ts';

const IDLE = 9_000;
const SLOW = 1_000;
/** Files that a process may have open here: Node raises its own limit to this. */
const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
const isTooLow = Number(limit) < IDLE + SLOW + 500;
if (isTooLow) console.log(`Skipped, because a process may open ${limit} files: connections.`);

let redis: TestRedis;
let api: SpawnedApi;
let worker: StandInWorker;
const sockets: Socket[] = [];

beforeAll(async () => {
  redis = await startRedis();
  api = await spawnApi({ REDIS_URL: redis.url, LOG_LEVEL: 'silent' });
  worker = startStandInWorker(redis.url);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await worker.stop();
  await api.end();
  await redis.stop();
});

/** Opens connections that each send the beginning of something, and then nothing more. */
async function open(count: number, bytes: string): Promise<void> {
  const port = Number(new URL(api.url).port);
  for (let opened = 0; opened < count; opened += 500) {
    const some = Array.from({ length: Math.min(500, count - opened) }, () =>
      connect(port, '127.0.0.1'),
    );
    for (const socket of some) socket.on('error', () => undefined);
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    for (const socket of some) socket.resume().write(bytes);
    sockets.push(...some);
  }
}

test.skipIf(isTooLow)(
  '10,000 idle, half-sent and slow connections do not stop another sender, and end by themselves',
  async () => {
    await open(IDLE, '');
    await open(SLOW / 2, 'POST /v1/jobs HTTP/1.1\r\nHost: a\r\nX-Half: ');
    await open(
      SLOW / 2,
      'POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n12345',
    );

    for (let count = 0; count < 20; count += 1) {
      const posted = await fetch(`${api.url}/v1/jobs`, { method: 'POST', body: firstBytes.png });
      const { links } = (await posted.json()) as { links: { self: string } };
      const job = await (await fetch(`${api.url}${links.self}?wait=10`)).json();
      expect(job).toMatchObject({ status: 'succeeded' });
    }
    // Whoever has not sent its headers within ten seconds is let go; a body may take a minute.
    const left = async () => sockets.filter(({ closed }) => !closed).length;
    await until(left, (count) => count <= SLOW / 2, 30_000);
  },
  60_000,
);
