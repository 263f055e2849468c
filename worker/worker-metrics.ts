import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { JobResult } from '../shared/job-record.ts';
import { redisGauges } from '../shared/redis-gauges.ts';
import type { RedisState } from '../shared/redis-state.ts';
import { registerScrapeGauges } from '../shared/scrape-gauges.ts';
import { type ChildEnd, childEnds } from './pool/child.ts';

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;

/** When a job came and when it was begun, in milliseconds since 1970, and what came of it. */
export interface FinalJob {
  createdAt: number;
  startedAt: number;
  result: JobResult;
}

/** What a worker counts of its jobs and its children, and how it sees Redis. */
export function createWorkerMetrics(redisState: () => Promise<RedisState>) {
  const registry = new Registry();
  const registers = [registry];
  registerScrapeGauges(registry, async () => ({ redis: await redisState() }), redisGauges);
  const jobs = new Counter({
    name: 'darkroom_jobs_total',
    help: 'Jobs that this worker made final, by status, and by the code of the error where they failed.',
    labelNames: ['status', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'darkroom_job_seconds',
    help: 'Seconds by step: queue (submission to begin), decode and inference (of those that succeeded), total (submission to final).',
    labelNames: ['step'],
    // From an inference, of some milliseconds, to an hour in a long queue.
    buckets: [
      ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      ...[300, 900, 3600],
    ],
    registers,
  });
  const retries = new Counter({
    name: 'darkroom_job_retries_total',
    help: 'Attempts that came to nothing for a reason of our own, after which the job waits for another one.',
    registers,
  });
  const started = new Counter({
    name: 'darkroom_children_started_total',
    help: 'Child processes that were started and became ready.',
    registers,
  });
  const ended = new Counter({
    name: 'darkroom_children_ended_total',
    help: 'Child processes that ended: by themselves (crashed), killed for time or memory, or stopped with the worker.',
    labelNames: ['reason'],
    registers,
  });
  const running = new Gauge({
    name: 'darkroom_children_running',
    help: 'Child processes that are ready or have an image open.',
    registers,
  });
  // A counter that appears with its first event hides that event from rate().
  for (const reason of childEnds) ended.inc({ reason }, 0);
  for (const status of ['succeeded', 'canceled']) jobs.inc({ status, code: '' }, 0);
  jobs.inc({ status: 'failed', code: 'internal' }, 0);

  return {
    registry,
    jobFinal({ createdAt, startedAt, result: { outcome, finishedAt } }: FinalJob): void {
      const observe = (step: string, ms: number) =>
        seconds.observe({ step }, Math.max(0, ms) / 1000);
      const code = outcome.status === 'failed' ? outcome.code : '';
      jobs.inc({ status: outcome.status, code });
      observe('queue', startedAt - createdAt);
      observe('total', finishedAt - createdAt);
      if (outcome.status !== 'succeeded') return;
      observe('decode', outcome.timings.decode_ms);
      observe('inference', outcome.timings.inference_ms);
    },
    /** Of one that was canceled while an attempt ran that came to nothing. */
    jobCanceled(): void {
      jobs.inc({ status: 'canceled', code: '' });
    },
    jobRetried(): void {
      retries.inc();
    },
    childStarted(): void {
      started.inc();
      running.inc();
    },
    childEnded(reason: ChildEnd): void {
      ended.inc({ reason });
      running.dec();
    },
  };
}
