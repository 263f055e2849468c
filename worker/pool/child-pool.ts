import { setTimeout as delay } from 'node:timers/promises';
import type { FaultLog } from '../../shared/fault-log.ts';
import type { Logger } from '../../shared/logger.ts';
import type { ModelInfo } from '../../shared/model-info.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { ChildRequest } from '../child/protocol.ts';
import type { WorkerMetrics } from '../worker-metrics.ts';
import { type Child, ChildLost, type ChildOptions, ModelsUnusable, startChild } from './child.ts';
import { createFreeChildren } from './free-children.ts';
import { lostOutcome } from './lost-outcome.ts';

/** Tries at an image under which children are lost. */
const TRIES = 2;
/** The same where they are killed from outside: by an operator, or by a kernel that is out of memory. */
const KILLED_TRIES = 5;

export interface ChildPool {
  models: ModelInfo[];
  /**
   * Classifies an image in a child of its own. One that takes its child with it is tried once more in a fresh
   * child, and has failed when that one does not survive it either. Throws on what is no fault of the image, and
   * NoFreeChild where none is free for it within a second.
   * The child rests before, for each of `turnsAhead` as long as the last image took.
   */
  classify(request: ChildRequest, turnsAhead?: number): Promise<Outcome>;
  /** Ends every child at once. */
  close(): Promise<void>;
}

export interface ChildPoolOptions extends ChildOptions {
  /** Images after which a child is replaced, so that what it leaks does not add up. */
  maxImages: number;
}

export interface ChildPoolDeps {
  log: Logger;
  faults: FaultLog;
  metrics: Pick<WorkerMetrics, 'childStarted' | 'childEnded'>;
}

/** How often the first children are started before the worker gives up. */
const START_TRIES = 3;
/** After so long another child is started in an old one's place, where one could not be. */
const RECYCLE_RETRY_MS = 1_000;

/** How long an image waits for its first child before it is left to another worker. */
const PATIENCE_MS = 1_000;

/** Longest rest of a child before an image. */
const LONGEST_REST_MS = 200;

/** Starts `size` children and resolves when all are ready. */
export async function createChildPool(
  size: number,
  options: ChildPoolOptions,
  { log, faults, metrics }: ChildPoolDeps,
): Promise<ChildPool> {
  const all = new Set<Child>();
  const free = createFreeChildren();
  /** Those that are not replaced when they end, since another has come already. */
  const retired = new Set<Child>();
  let isRecycling = false;
  let closed = false;
  let imageMs = 0;

  const offer = (child: Child) => {
    if (!all.has(child)) return;
    if (retired.has(child)) return child.kill('recycled');
    free.offer(child);
  };

  const start = async (): Promise<Child> => {
    const child = await startChild(options);
    if (closed) child.kill('stopped');
    all.add(child);
    metrics.childStarted();
    void child.ended.then((reason) => {
      metrics.childEnded(reason);
      all.delete(child);
      free.remove(child);
      if (!retired.delete(child) && !closed) void replace();
    });
    return child;
  };

  /** Starts a child in a dead one's place, and keeps trying: without children the worker is of no use. */
  const replace = async () => {
    for (let waitMs = 100; !closed; waitMs = Math.min(waitMs * 2, 5_000)) {
      try {
        offer(await start());
        faults.over('a child cannot be started');
        return;
      } catch (error) {
        faults.seen('a child cannot be started', error);
        await delay(waitMs);
      }
    }
  };

  /** Replaces a child that has had its images: one at a time, and once the fresh one is warm. */
  const recycle = async (old: Child) => {
    if (isRecycling || closed) return;
    isRecycling = true;
    try {
      const fresh = await start();
      faults.over('a child cannot be started');
      if (all.has(old)) {
        retired.add(old);
        offer(fresh);
        // Where it has an image, it ends after that.
        if (free.remove(old)) old.kill('recycled');
      } else {
        // It was lost meanwhile, and so has been replaced already.
        retired.add(fresh);
        fresh.kill('recycled');
      }
    } catch (error) {
      faults.seen('a child cannot be started', error);
      await delay(RECYCLE_RETRY_MS);
    } finally {
      isRecycling = false;
    }
  };

  const attempt = async (child: Child, request: ChildRequest): Promise<Outcome> => {
    const startedAt = performance.now();
    try {
      const outcome = await child.classify(request);
      imageMs = performance.now() - startedAt;
      offer(child);
      if (child.images >= options.maxImages) void recycle(child);
      return outcome;
    } catch (error) {
      // A child that threw is whole; one that is lost has been replaced by its `ended`.
      if (!(error instanceof ChildLost)) offer(child);
      throw error;
    }
  };

  /** A child that is killed while it starts, as by a kernel that is out of memory, is no reason to end the worker. */
  const startFirst = async (): Promise<Child> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await start();
      } catch (error) {
        if (error instanceof ModelsUnusable || tries === START_TRIES) throw error;
        log.warn({ err: error }, 'a child did not start; another one is');
      }
    }
  };

  const children = await Promise.allSettled(Array.from({ length: size }, startFirst));
  const failure = children.find((child) => child.status === 'rejected');
  if (failure) {
    closed = true;
    for (const child of all) child.kill('stopped');
    throw failure.reason instanceof ModelsUnusable
      ? failure.reason
      : new Error('A child could not be started.', { cause: failure.reason });
  }
  for (const child of [...all]) offer(child);

  return {
    models: [...all][0]?.models ?? [],
    async classify(request, turnsAhead = 0) {
      let child = await free.take(PATIENCE_MS);
      if (turnsAhead > 0) await delay(Math.min(turnsAhead * imageMs, LONGEST_REST_MS));
      for (let tries = 1; ; tries += 1) {
        try {
          return await attempt(child, request);
        } catch (error) {
          if (!(error instanceof ChildLost)) throw error;
          if (tries >= (error.isByImage ? TRIES : KILLED_TRIES)) {
            return lostOutcome(error.casualty, options);
          }
          log.warn({ err: error }, 'an image took its child with it; it is tried again');
          child = await free.take();
        }
      }
    },
    async close() {
      closed = true;
      for (const child of all) child.kill('stopped');
      await Promise.all([...all].map((child) => child.ended));
    },
  };
}
