export interface Groups<T> {
  /** Takes an item over; resolves when there is room for another one. Throws what a group has failed with. */
  push(item: T): Promise<void>;
  /** Resolves when all has been done. Throws likewise. */
  end(): Promise<void>;
}

export interface GroupOptions<T> {
  run: (group: T[]) => Promise<void>;
  /** Whether who gives is to be held back, by what has come while a group is under way. */
  isEnough: (gathered: T[]) => boolean;
  /** Called when a group has failed, for who gives may wait for what he is to give. */
  onFailure: () => void;
}

/**
 * Does in groups what is given one by one: those that come while a group is under way are the next one. So who gives
 * slowly waits for no others, and who gives fast has many done at once. In order, and nothing more once one has failed.
 */
export function inGroups<T>({ run, isEnough, onFailure }: GroupOptions<T>): Groups<T> {
  let next: T[] = [];
  let running: Promise<void> | undefined;
  let failure: { error: unknown } | undefined;

  const runNext = async (): Promise<void> => {
    const group = next;
    next = [];
    await run(group).catch((error: unknown) => {
      failure = { error };
      onFailure();
    });
    running = next.length > 0 && !failure ? runNext() : undefined;
  };
  const throwFailure = () => {
    if (failure) throw failure.error;
  };

  return {
    async push(item) {
      throwFailure();
      next.push(item);
      running ??= runNext();
      if (isEnough(next)) await running;
      throwFailure();
    },
    async end() {
      while (running) await running;
      throwFailure();
    },
  };
}
