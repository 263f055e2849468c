import type { Child } from './child.ts';

/** No child became free in time for an image. */
export class NoFreeChild extends Error {}

export type FreeChildren = ReturnType<typeof createFreeChildren>;

/** The children that have nothing to do, and the images that wait for one: who came first has the next. */
export function createFreeChildren() {
  const idle: Child[] = [];
  const waiting: ((child: Child) => void)[] = [];

  return {
    offer(child: Child): void {
      const taker = waiting.shift();
      if (taker) taker(child);
      else idle.push(child);
    },

    /** Takes a child out, and tells whether it was there. */
    remove(child: Child): boolean {
      const position = idle.indexOf(child);
      if (position >= 0) idle.splice(position, 1);
      return position >= 0;
    },

    /** The next that is free. Throws NoFreeChild where none is within so many milliseconds. */
    take(patienceMs?: number): Child | Promise<Child> {
      return (
        idle.shift() ??
        new Promise<Child>((resolve, reject) => {
          const taker = (child: Child) => {
            clearTimeout(patience);
            resolve(child);
          };
          const giveUp = () => {
            waiting.splice(waiting.indexOf(taker), 1);
            reject(new NoFreeChild(`Expected a free child within ${patienceMs} ms.`));
          };
          const patience = patienceMs === undefined ? undefined : setTimeout(giveUp, patienceMs);
          waiting.push(taker);
        })
      );
    },
  };
}
