import { Redis } from 'ioredis';
import { createBatchStore } from '../../shared/batch-store.ts';
import { openWith } from '../../test/fill-batch.ts';
import { startRedis } from '../../test/redis-server.ts';
import { median } from '../statistics.ts';

const READS = 1_000;

/** Milliseconds to read the counts of batches of so many images. */
export async function measureCounts(sizes: number[], rounds: number): Promise<number[]> {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  const store = createBatchStore(client, 86_400);
  try {
    const batches: { batch: string; times: number[] }[] = [];
    for (const images of sizes) {
      const { batch } = await openWith(store, '', images);
      batches.push({ batch, times: [] });
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const { batch, times } of batches) {
        const startedAt = performance.now();
        for (let read = 0; read < READS; read += 1) await store.read(batch);
        times.push((performance.now() - startedAt) / READS);
      }
    }
    return batches.map(({ times }) => median(times));
  } finally {
    client.disconnect();
    await redis.stop();
  }
}
