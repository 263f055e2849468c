import { setTimeout as delay } from 'node:timers/promises';
import type { FaultLog } from '../../shared/fault-log.ts';
import type { Logger } from '../../shared/logger.ts';
import type { ModelInfo } from '../../shared/model-info.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { ChildRequest, ImageAnswer } from '../child/protocol.ts';
import type { WorkerMetrics } from '../worker-metrics.ts';
import { type Child, ChildLost, type ChildOptions, ModelsUnusable, startChild } from './child.ts';
import { lostOutcome } from './lost-outcome.ts';
import { createWaitingImages, type WaitingImage } from './waiting-images.ts';

/** Tries at an image under which children are lost. */
const TRIES = 2;
/** The same where they are killed from outside: by an operator, or by a kernel that is out of memory. */
const KILLED_TRIES = 5;

export interface ChildPool {
  models: ModelInfo[];
  /**
   * Classifies an image in a child that has no other, or only others that wait too and are classified with it. One that
   * takes its child with it is tried once more in a fresh child, alone, and has failed when that one does not survive it
   * either. Throws on what is no fault of the image, and NoFreeChild where none is free for it within a second.
   * The child rests before, for each of `turnsAhead` as long as the last image took.
   */
  classify(request: ChildRequest, turnsAhead?: number): Promise<Outcome>;
  /** How many images a child is given at once, of the model that was last used. */
  groupSize(): number;
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

/**
 * Images that a child is given at once, where so many wait: it infers them together, which takes a tenth less, and all
 * that is done around them is done by the group, with its code in the processor's caches. With eight nothing more is won.
 */
export const LARGEST_GROUP = 4;
/** Longest time that a group is to take, so that nobody waits long for those beside it. */
const GROUP_MS = 100;

/** Starts `size` children and resolves when all are ready. */
export async function createChildPool(
  size: number,
  options: ChildPoolOptions,
  { log, faults, metrics }: ChildPoolDeps,
): Promise<ChildPool> {
  const all = new Set<Child>();
  const idle: Child[] = [];
  const waiting = createWaitingImages();
  /** Those that are not replaced when they end, since another has come already. */
  const retired = new Set<Child>();
  let isRecycling = false;
  let closed = false;
  /** What an image of a model took, of the last group. */
  const imageMs = new Map<string, number>();
  let lastModel = '';

  const offer = (child: Child) => {
    if (!all.has(child)) return;
    if (retired.has(child)) return child.kill('recycled');
    idle.push(child);
    giveOut();
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

  /** As many as take GROUP_MS, by the last ones: so a slow model's images wait for no others. */
  const groupSize = (model: string) => {
    const fitting = Math.floor(GROUP_MS / (imageMs.get(model) ?? Number.POSITIVE_INFINITY));
    return Math.max(1, Math.min(fitting, LARGEST_GROUP));
  };

  const giveOut = () => {
    for (let child = idle.shift(); child; child = idle.shift()) {
      const group = waiting.takeGroup(groupSize);
      if (group.length === 0) return idle.unshift(child);
      void run(child, group);
    }
  };

  const run = async (child: Child, group: WaitingImage[]) => {
    const requests = group.map(({ request }) => request);
    lastModel = requests[0]?.model ?? '';
    const turnsAhead = Math.max(...group.map((image) => image.turnsAhead));
    const restMs = Math.min(turnsAhead * (imageMs.get(lastModel) ?? 0), LONGEST_REST_MS);
    if (restMs > 0) await delay(restMs);
    const startedAt = performance.now();
    try {
      const answers = await child.classify(requests);
      imageMs.set(lastModel, (performance.now() - startedAt) / group.length);
      settle(group, answers);
    } catch (error) {
      // It has been replaced by its `ended`.
      if (error instanceof ChildLost) return blame(group, error);
      for (const image of group) image.reject(error);
    }
    offer(child);
    if (child.images >= options.maxImages) void recycle(child);
  };

  const settle = (group: WaitingImage[], answers: ImageAnswer[]) => {
    for (const [index, image] of group.entries()) {
      const answer = answers[index] ?? { threw: 'The child has not answered.' };
      if ('outcome' in answer) image.resolve(answer.outcome);
      else if (group.length > 1) waiting.putBack(image);
      else image.reject(new Error(answer.threw));
    }
  };

  /** Which image of a group it was shows when each is tried alone, with one loss to its name. */
  const blame = (group: WaitingImage[], lost: ChildLost) => {
    for (const image of group) {
      // A group's time is shorter, and may be too short for it.
      if (group.length === 1 || lost.casualty !== 'timed_out') image.losses += 1;
      if (image.losses >= (lost.isByImage ? TRIES : KILLED_TRIES)) {
        image.resolve(lostOutcome(lost.casualty, options));
      } else {
        waiting.putBack(image);
      }
    }
    log.warn({ err: lost, images: group.length }, 'a child was lost with its images');
    giveOut();
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
    classify(request, turnsAhead = 0) {
      return new Promise((resolve, reject) => {
        waiting.add({ request, turnsAhead, losses: 0, resolve, reject }, PATIENCE_MS);
        giveOut();
      });
    },
    groupSize: () => groupSize(lastModel),
    async close() {
      closed = true;
      for (const child of all) child.kill('stopped');
      await Promise.all([...all].map((child) => child.ended));
    },
  };
}
