import { setTimeout as delay } from 'node:timers/promises';
import type { FaultLog } from '../../shared/fault-log.ts';
import type { Logger } from '../../shared/logger.ts';
import type { ModelInfo } from '../../shared/model-info.ts';
import type { WorkerMetrics } from '../worker-metrics.ts';
import { type Child, type ChildOptions, ModelsUnusable, startChild } from './child.ts';

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

export interface KeptChildren {
  models: ModelInfo[];
  /** Takes one that has nothing to do, where there is one. */
  take(): Child | undefined;
  /** Gives one back that has done its images. One that was lost under them has been replaced. */
  giveBack(child: Child): void;
  /** Ends every child at once. */
  close(): Promise<void>;
}

/**
 * Starts `size` children and resolves when all are ready; each that ends is replaced by another. Says so where one has
 * nothing to do.
 */
export async function keepChildren(
  size: number,
  options: ChildPoolOptions,
  { log, faults, metrics }: ChildPoolDeps,
  onIdle: () => void,
): Promise<KeptChildren> {
  const all = new Set<Child>();
  const idle: Child[] = [];
  /** Those that are not replaced when they end, since another has come already. */
  const retired = new Set<Child>();
  let isRecycling = false;
  let closed = false;

  const offer = (child: Child) => {
    if (!all.has(child)) return;
    if (retired.has(child)) return child.kill('recycled');
    idle.push(child);
    onIdle();
  };

  /** Takes a child out of those that have nothing to do, and tells whether it was one. */
  const takeIdle = (child: Child) => {
    const position = idle.indexOf(child);
    if (position >= 0) idle.splice(position, 1);
    return position >= 0;
  };

  const start = async (): Promise<Child> => {
    const child = await startChild(options);
    if (closed) child.kill('stopped');
    all.add(child);
    metrics.childStarted();
    void child.ended.then((reason) => {
      metrics.childEnded(reason);
      all.delete(child);
      takeIdle(child);
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
        if (takeIdle(old)) old.kill('recycled');
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
    take: () => idle.shift(),
    giveBack(child) {
      offer(child);
      if (child.images >= options.maxImages) void recycle(child);
    },
    async close() {
      closed = true;
      for (const child of all) child.kill('stopped');
      await Promise.all([...all].map((child) => child.ended));
    },
  };
}
