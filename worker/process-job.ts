import type { BatchFeed } from '../shared/batch-feed.ts';
import type { DeadLetters } from '../shared/dead-letters.ts';
import type { JobResult } from '../shared/job-record.ts';
import type { JobStore } from '../shared/job-store.ts';
import type { Logger } from '../shared/logger.ts';
import type { Outcome } from '../shared/outcome.ts';
import type { Place } from '../shared/take-turn-lua.ts';
import { onceRedisCan } from './once-redis-can.ts';
import type { ChildPool } from './pool/child-pool.ts';
import { NoFreeChild } from './pool/waiting-images.ts';
import type { Attempt } from './run-ticket.ts';
import type { WorkerMetrics } from './worker-metrics.ts';

const GIVEN_UP: Outcome = {
  status: 'failed',
  code: 'internal',
  detail: 'Expected a result for the image, but every attempt failed for a reason of our own.',
};

export interface ProcessJobDeps {
  store: Pick<JobStore, 'begin' | 'finish'>;
  dead: Pick<DeadLetters, 'bury'>;
  feed: BatchFeed;
  pool: Pick<ChildPool, 'classify' | 'models'>;
  /** This worker's name, for the job's record. */
  worker: string;
  /** Where it works, to keep level with the others there. */
  place?: Place;
  log: Logger;
  metrics: Pick<WorkerMetrics, 'jobFinal' | 'jobCanceled' | 'jobRetried'>;
}

/**
 * Runs one job: begin (which hands out the image) unless it has begun, classify, finish. A job that needs nothing any more is passed
 * over. Throws on what is no fault of the image; the queue tries again, and on the last attempt it is given up, and kept.
 * Throws NoFreeChild where it was not tried at all.
 */
export async function processJob(
  id: string,
  { isLastAttempt, isOfBatch, begun: early, signal }: Attempt,
  { store, dead, feed, pool, worker, place, log, metrics }: ProcessJobDeps,
): Promise<void> {
  const startedAt = Date.now();
  const begun =
    early?.id === id ? early : await onceRedisCan(() => store.begin(id, worker, place), signal);
  if (begun.state === 'cancellation_requested') {
    const result: JobResult = { outcome: { status: 'canceled' }, finishedAt: Date.now() };
    const { changed } = await onceRedisCan(() => store.finish(id, result), signal);
    if (changed) metrics.jobCanceled();
    return;
  }
  if (begun.state !== 'begun') {
    log.info({ job: id }, `job is ${begun.state}, passed over`);
    return;
  }
  const { spec, image, turnsAhead } = begun;
  const { outcome, cause } = await classify();
  const sha256 = pool.models.find((model) => model.name === spec.model)?.sha256;
  const result: JobResult = { outcome, finishedAt: Date.now() };
  const end = () => (cause ? dead.bury(id, result, cause) : store.finish(id, result, sha256));
  const { changed, feedIsLow } = await onceRedisCan(end, signal);
  if (changed) metrics.jobFinal({ createdAt: spec.createdAt, startedAt, result });
  if (feedIsLow) await feed.feed();
  log.info(
    {
      job: id,
      status: outcome.status,
      ...(outcome.status === 'failed' ? { code: outcome.code } : {}),
      model: spec.model,
      bytes: spec.bytes,
      ms: Date.now() - startedAt,
    },
    'job',
  );

  async function classify(): Promise<{ outcome: Outcome; cause?: unknown }> {
    try {
      if (!image) throw new Error('The image is not in the image store.');
      const { model, topK, minConfidence } = spec;
      const request = { image, model, topK, minConfidence };
      return { outcome: await pool.classify(request, { turnsAhead, isOfBatch }) };
    } catch (cause) {
      if (cause instanceof NoFreeChild) throw cause;
      if (!isLastAttempt) {
        metrics.jobRetried();
        throw cause;
      }
      log.error({ err: cause, job: id }, 'job given up');
      return { outcome: GIVEN_UP, cause };
    }
  }
}
