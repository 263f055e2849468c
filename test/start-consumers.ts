import { Redis } from 'ioredis';
import { createLogger } from '../shared/logger.ts';
import { createJobQueue } from '../shared/queue.ts';
import { createPatientRedis } from '../shared/redis.ts';
import {
  createJobConsumer,
  type JobConsumer,
  type JobConsumerOptions,
} from '../worker/job-consumer.ts';
import type { Attempt } from '../worker/run-ticket.ts';
import { startRedis } from './redis-server.ts';
import { signal } from './signal.ts';
import { silentFaults } from './silent-faults.ts';
import { until } from './until.ts';

const log = createLogger('test', 'silent');

export type Consumers = Awaited<ReturnType<typeof startConsumers>>;

/** A Redis with a queue, and consumers of it, each with a connection of its own. */
export async function startConsumers() {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const consuming: Redis[] = [];

  /** One that holds one ticket at a time, and tries each twice, unless `options` say otherwise. */
  const consume = (options: Partial<JobConsumerOptions>): JobConsumer => {
    const connection = createPatientRedis(server.url);
    connection.on('error', () => undefined);
    consuming.push(connection);
    const nothing = async () => undefined;
    return createJobConsumer({
      connection,
      concurrency: 1,
      maxAttempts: 2,
      log,
      faults: silentFaults,
      run: nothing,
      release: nothing,
      ...options,
    });
  };

  return {
    server,
    redis,
    queue: createJobQueue(redis, { onError: () => undefined }),
    consume,

    /** Consumes until so many jobs have run, and tells which, and in what attempt. */
    async consumeNext(count: number): Promise<{ ids: string[]; attempts: Attempt[] }> {
      const ids: string[] = [];
      const attempts: Attempt[] = [];
      const all = signal();
      const consumer = consume({
        run: async (id, attempt) => {
          ids.push(id);
          attempts.push(attempt);
          if (ids.length === count) all.resolve();
        },
      });
      await all.promise;
      await consumer.close(5_000);
      return { ids, attempts };
    },

    /** Until one of them waits, with what stands behind the wait already. */
    async untilIdle(): Promise<void> {
      await until(
        async () => String(await redis.client('LIST', 'TYPE', 'NORMAL')),
        (clients) => / flags=b .* qbuf=[1-9].* cmd=bzpopmin /.test(clients),
      );
    },

    /** What a kill -9 of all consumers leaves behind: tickets that are held, and nobody who renews their locks. */
    loseAll() {
      for (const connection of consuming) connection.disconnect();
    },

    async stop() {
      for (const connection of [redis, ...consuming]) connection.disconnect();
      await server.stop();
    },
  };
}
