import type { Redis } from 'ioredis';
import type { Rate } from '../shared/rate.ts';

export interface Admitted {
  allowed: boolean;
  /** How many more fit into the window now. */
  remaining: number;
  /** Milliseconds until there is room for one more than now. */
  resetMs: number;
}

/**
 * Counts a caller's calls in a sliding window, exactly, for all API processes together: a list of times in Redis, by
 * Redis' clock. A refused call is not counted. The libraries at hand have fixed windows, in which twice the limit
 * passes around a boundary.
 */
export function createRateWindow(redis: Redis): (owner: string, rate: Rate) => Promise<Admitted> {
  redis.defineCommand('admitCall', {
    numberOfKeys: 1,
    lua: `
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local count, window = tonumber(ARGV[1]), ARGV[2] * 1000
      local oldest = redis.call('LINDEX', KEYS[1], 0)
      while oldest and tonumber(oldest) <= now - window do
        redis.call('LPOP', KEYS[1])
        oldest = redis.call('LINDEX', KEYS[1], 0)
      end
      local used = redis.call('LLEN', KEYS[1])
      local allowed = used < count
      if allowed then
        used = redis.call('RPUSH', KEYS[1], now)
        redis.call('PEXPIRE', KEYS[1], window)
      end
      -- More calls than the limit stand in the window where the limit was lowered meanwhile.
      local leaving = redis.call('LINDEX', KEYS[1], math.max(0, used - count))
      return {allowed and 1 or 0, math.max(0, count - used), leaving + window - now}`,
  });
  const { admitCall } = redis as unknown as {
    admitCall(key: string, count: number, windowSeconds: number): Promise<[number, number, number]>;
  };
  return async (owner, { count, windowSeconds }) => {
    const [allowed, remaining, resetMs] = await admitCall.call(
      redis,
      `darkroom:rate:${owner}`,
      count,
      windowSeconds,
    );
    return { allowed: allowed === 1, remaining, resetMs };
  };
}
