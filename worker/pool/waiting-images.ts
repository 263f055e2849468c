import type { Outcome } from '../../shared/outcome.ts';
import type { ChildRequest } from '../child/protocol.ts';

/** No child became free in time for an image. */
export class NoFreeChild extends Error {}

export interface WaitingImage {
  request: ChildRequest;
  /** Images for whose time its child rests before it. */
  turnsAhead: number;
  /** How many children were lost under it. */
  losses: number;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

export type WaitingImages = ReturnType<typeof createWaitingImages>;

/** The images that wait for a child: who came first is the next, and takes others of its model along. */
export function createWaitingImages() {
  const waiting: WaitingImage[] = [];
  /** Those that had a child already, which are tried alone. */
  const again: WaitingImage[] = [];
  const patience = new Map<WaitingImage, NodeJS.Timeout>();

  const remove = (image: WaitingImage) => {
    clearTimeout(patience.get(image));
    patience.delete(image);
    waiting.splice(waiting.indexOf(image), 1);
  };

  return {
    /** It is rejected with NoFreeChild where it still waits after so many milliseconds. */
    add(image: WaitingImage, patienceMs: number): void {
      waiting.push(image);
      const giveUp = () => {
        remove(image);
        image.reject(new NoFreeChild(`Expected a free child within ${patienceMs} ms.`));
      };
      patience.set(image, setTimeout(giveUp, patienceMs));
    },

    /** Puts back one that had a child: it comes before all others, alone, and waits for as long as it takes. */
    putBack(image: WaitingImage): void {
      again.push(image);
    },

    isEmpty: () => waiting.length + again.length === 0,

    /** Takes out the next image and, of those behind it, others of its model: at most `most(model)` in all. */
    takeGroup(most: (model: string) => number): WaitingImage[] {
      const alone = again.shift();
      if (alone) return [alone];
      const model = waiting[0]?.request.model ?? '';
      const group = waiting.filter(({ request }) => request.model === model).slice(0, most(model));
      for (const image of group) remove(image);
      return group;
    },
  };
}
