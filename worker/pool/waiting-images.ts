import type { Outcome } from '../../shared/outcome.ts';
import type { ChildRequest } from '../child/protocol.ts';

/** No child became free in time for an image. */
export class NoFreeChild extends Error {}

export interface WaitingImage {
  request: ChildRequest;
  /** Whether it is of a batch: those wait behind all others. */
  isOfBatch: boolean;
  /** Images for whose time its child rests before it. */
  turnsAhead: number;
  /** How many children were lost under it. */
  losses: number;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

export type WaitingImages = ReturnType<typeof createWaitingImages>;

interface Entry {
  image: WaitingImage;
  patience: NodeJS.Timeout;
}

/**
 * The images that wait for a child: of single jobs before those of batches, and who came first is the next. It takes
 * others of its kind and model along.
 */
export function createWaitingImages() {
  const singles: Entry[] = [];
  const ofBatches: Entry[] = [];
  /** Those that had a child already, which are tried alone. */
  const again: WaitingImage[] = [];

  const remove = (entry: Entry, waiting: Entry[]) => {
    clearTimeout(entry.patience);
    waiting.splice(waiting.indexOf(entry), 1);
  };

  return {
    /** It is rejected with NoFreeChild where it still waits after so many milliseconds. */
    add(image: WaitingImage, patienceMs: number): void {
      const waiting = image.isOfBatch ? ofBatches : singles;
      const giveUp = () => {
        remove(entry, waiting);
        image.reject(new NoFreeChild(`Expected a free child within ${patienceMs} ms.`));
      };
      const entry = { image, patience: setTimeout(giveUp, patienceMs) };
      waiting.push(entry);
    },

    /** Puts back one that had a child: it comes before all others, alone, and waits for as long as it takes. */
    putBack(image: WaitingImage): void {
      again.push(image);
    },

    isEmpty: () => singles.length + ofBatches.length + again.length === 0,

    /** Takes out the next image and, of those behind it, others of its kind and model: at most `most(model)` in all. */
    takeGroup(most: (model: string) => number): WaitingImage[] {
      const alone = again.shift();
      if (alone) return [alone];
      const waiting = singles.length > 0 ? singles : ofBatches;
      const model = waiting[0]?.image.request.model ?? '';
      const group = waiting
        .filter(({ image }) => image.request.model === model)
        .slice(0, most(model));
      for (const entry of group) remove(entry, waiting);
      return group.map(({ image }) => image);
    },
  };
}
