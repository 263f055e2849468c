import { setTimeout as delay } from 'node:timers/promises';
import type { ModelInfo } from '../../shared/model-info.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { ChildRequest, ImageAnswer } from '../child/protocol.ts';
import { type Child, ChildLost } from './child.ts';
import { type ChildPoolDeps, type ChildPoolOptions, keepChildren } from './keep-children.ts';
import { lostOutcome } from './lost-outcome.ts';
import { createWaitingImages, type WaitingImage } from './waiting-images.ts';

/** Tries at an image under which children are lost. */
const TRIES = 2;
/** The same where they are killed from outside: by an operator, or by a kernel that is out of memory. */
const KILLED_TRIES = 5;

export interface ClassifyOptions {
  /** Images for each of which the child rests before, as long as the last one took; by default 0. */
  turnsAhead?: number;
  /** Whether the image is of a batch, which waits behind those of single jobs; by default not. */
  isOfBatch?: boolean;
}

export interface ChildPool {
  models: ModelInfo[];
  /**
   * Classifies an image in a child that has no other, or only others that wait too and are classified with it. One that
   * takes its child with it is tried once more in a fresh child, alone, and has failed when that one does not survive it
   * either. Throws on what is no fault of the image, and NoFreeChild where none is free for it within a second.
   */
  classify(request: ChildRequest, options?: ClassifyOptions): Promise<Outcome>;
  /** How many images a child is given at once, of the model that was last used. */
  groupSize(): number;
  /** Ends every child at once. */
  close(): Promise<void>;
}

/** How long an image waits for its first child before it is left to another worker. */
const PATIENCE_MS = 1_000;

/** Longest rest of a child before an image. */
const LONGEST_REST_MS = 200;

/**
 * Images that a child is given at once, where so many wait: it infers them together, which takes a tenth less, and all
 * that is done around them is done by the group, with its code in the processor's caches. With eight nothing more is won.
 */
export const LARGEST_GROUP = 4;
/**
 * Longest time that a group is to take, so that nobody waits long for those beside it. Without VNNI, where an image takes
 * 40 ms with the cores full, groups of two do 2 to 4 % less than the four that this allows.
 */
const GROUP_MS = 200;

/** Starts `size` children and resolves when all are ready. */
export async function createChildPool(
  size: number,
  options: ChildPoolOptions,
  deps: ChildPoolDeps,
  patienceMs = PATIENCE_MS,
): Promise<ChildPool> {
  const waiting = createWaitingImages();
  /** What an image of a model took, of the last group. */
  const imageMs = new Map<string, number>();
  let lastModel = '';

  /** As many as take GROUP_MS, by the last ones: so a slow model's images wait for no others. */
  const groupSize = (model: string) => {
    const fitting = Math.floor(GROUP_MS / (imageMs.get(model) ?? Number.POSITIVE_INFINITY));
    return Math.max(1, Math.min(fitting, LARGEST_GROUP));
  };

  // While the children start nothing waits.
  const giveOut = () => {
    while (!waiting.isEmpty()) {
      const child = children.take();
      if (!child) return;
      void run(child, waiting.takeGroup(groupSize));
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
    children.giveBack(child);
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
    deps.log.warn({ err: lost, images: group.length }, 'a child was lost with its images');
    giveOut();
  };

  const children = await keepChildren(size, options, deps, giveOut);
  return {
    models: children.models,
    classify(request, { turnsAhead = 0, isOfBatch = false } = {}) {
      return new Promise((resolve, reject) => {
        const image = { request, turnsAhead, isOfBatch, losses: 0, resolve, reject };
        waiting.add(image, patienceMs);
        giveOut();
      });
    },
    groupSize: () => groupSize(lastModel),
    close: children.close,
  };
}
