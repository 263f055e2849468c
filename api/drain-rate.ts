export interface DrainRate {
  /** Says that a job has become final. */
  count(): void;
  /** Jobs that became final in a second, by the last ten; 0 where none did. */
  perSecond(): number;
}

const WINDOW_SECONDS = 10;

/** Measures how fast the queue drains: a count for each of the last seconds. `nowMs` never goes back. */
export function createDrainRate(nowMs: () => number = () => performance.now()): DrainRate {
  const startedAt = nowMs();
  const counts = new Map<number, number>();
  const second = () => Math.floor((nowMs() - startedAt) / 1000);
  const forgetOld = () => {
    for (const at of counts.keys()) if (at <= second() - WINDOW_SECONDS) counts.delete(at);
  };
  return {
    count() {
      const at = second();
      if (!counts.has(at)) forgetOld();
      counts.set(at, (counts.get(at) ?? 0) + 1);
    },
    perSecond() {
      forgetOld();
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
      // A service that has just begun, or begun again, is measured by the time that it has worked.
      const first = counts.keys().next().value ?? 0;
      return total / Math.max(1, (nowMs() - startedAt) / 1000 - first);
    },
  };
}
