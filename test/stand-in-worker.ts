import { Worker } from 'bullmq';
import { createBatchFeed } from '../shared/batch-feed.ts';
import { createJobStore } from '../shared/job-store.ts';
import type { Outcome } from '../shared/outcome.ts';
import { createJobQueue, QUEUE_NAME, TICKET_RULES } from '../shared/queue.ts';
import { createPatientRedis } from '../shared/redis.ts';

export const fiveLabels: Outcome = {
  status: 'succeeded',
  image: { format: 'jpeg', width: 451, height: 300 },
  predictions: [0.5, 0.2, 0.1, 0.05, 0.01].map((confidence, index) => ({
    label: `label ${index}`,
    confidence,
    index,
  })),
  timings: { decode_ms: 1, inference_ms: 1 },
};

export interface StandInWorker {
  stop: () => Promise<void>;
}

/** Takes jobs from the queue as a worker does, and finishes each with the outcome that it is given, without a model. */
export function startStandInWorker(
  redisUrl: string,
  outcomeOf: (id: string) => Outcome | Promise<Outcome> = () => fiveLabels,
): StandInWorker {
  const connection = createPatientRedis(redisUrl);
  const store = createJobStore(connection, 3600);
  const queue = createJobQueue(connection, { onError: () => undefined });
  const feed = createBatchFeed(connection, queue);
  const worker = new Worker(
    QUEUE_NAME,
    async ({ id = '' }) => {
      if ((await store.begin(id, 'stand-in')).state !== 'begun') return;
      const result = { outcome: await outcomeOf(id), finishedAt: Date.now() };
      if ((await store.finish(id, result)).feedIsLow) await feed.feed();
    },
    { ...TICKET_RULES, connection, concurrency: 16 },
  );
  return {
    async stop() {
      await worker.close();
      connection.disconnect();
    },
  };
}
