/** The time over which speed is measured: so it follows workers that come and go, and does not jump with each image. */
const WINDOW_MS = 15_000;

/** How fast a count grows, over the last seconds; undefined until it has grown. */
export function createSpeed(now: () => number = () => performance.now()) {
  const samples: { at: number; count: number }[] = [];
  return {
    note(count: number): void {
      samples.push({ at: now(), count });
      // One sample older than the window stays, to measure from.
      while (samples[1] && now() - samples[1].at > WINDOW_MS) samples.shift();
    },

    perSecond(): number | undefined {
      const [first] = samples;
      const last = samples.at(-1);
      if (!first || !last || last.count === first.count) return undefined;
      return ((last.count - first.count) * 1000) / Math.max(1, now() - first.at);
    },
  };
}
