import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tarOf } from './api/play-batch.ts';
import { pngOf } from './image-bytes.ts';
import { startRedis, type TestRedis } from './redis-server.ts';
import { type SpawnedApi, spawnApi } from './spawn-api.ts';
import { type StandInWorker, startStandInWorker } from './stand-in-worker.ts';

const MB = 1e6;
const ITEMS = 3_000;

let redis: TestRedis;
let api: SpawnedApi;
let worker: StandInWorker;

beforeAll(async () => {
  redis = await startRedis();
  api = await spawnApi({ REDIS_URL: redis.url, QUEUE_BYTES_LIMIT: '32MiB', LOG_LEVEL: 'warn' });
});
afterAll(async () => {
  await worker?.stop();
  await api.end();
  await redis.stop();
});

/** A figure of the kernel's on a process, in bytes. */
function memory(pid: number | undefined, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}

test.runIf(process.platform === 'linux')(
  'a tar of 300 MB that is ten times what the queue holds goes through an API that grows by less than 100 MB',
  { timeout: 180_000 },
  async () => {
    const before = memory(api.process.pid, 'VmRSS');
    let sent = 0;
    const tar = await tarOf([{ id: 'a.png', image: pngOf(100_000) }]);
    const end = tar.subarray(-1024);
    const members = function* () {
      for (let count = 0; count < ITEMS; count += 1) {
        sent += tar.length - end.length;
        yield tar.subarray(0, -1024);
      }
      yield end;
    };
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-tar' },
      body: Readable.toWeb(Readable.from(members())) as ReadableStream,
      duplex: 'half',
    };
    const uploading = fetch(`${api.url}/v1/batches`, init as RequestInit);
    // Without a worker it is held up: what has gone is the same at a later look.
    let looked = -1;
    const goesOn = () => {
      const before = looked;
      looked = sent;
      return sent < 16 * MB || sent > before;
    };
    await expect.poll(goesOn, { timeout: 30_000, interval: 1_000 }).toBe(false);
    expect(sent).toBeLessThan(100 * MB);

    worker = startStandInWorker(redis.url);
    const answer = await uploading;
    expect(answer.status).toBe(202);
    const { links } = (await answer.json()) as { links: { self: string } };
    const done = await (await fetch(`${api.url}${links.self}?wait=30`)).json();
    expect(done).toMatchObject({
      status: 'completed',
      counts: { total: ITEMS, succeeded: ITEMS },
    });
    const grown = memory(api.process.pid, 'VmHWM') - before;
    expect(grown).toBeLessThan(100 * MB);
  },
);
