import { Redis } from 'ioredis';
import { expect } from 'vitest';

/** Counts the commands of a name that a Redis has been sent, by all its clients. */
export function countCommands(url: string, command: string) {
  const redis = new Redis(url);
  const count = async () => {
    const stats = await redis.info('commandstats');
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  };
  return {
    count,
    /** Resolves when there have been at least so many. */
    reaches: (atLeast: number) =>
      expect.poll(count, { timeout: 10_000, interval: 10 }).toBeGreaterThanOrEqual(atLeast),
    close: () => redis.disconnect(),
  };
}
