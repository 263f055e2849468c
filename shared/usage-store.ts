import type { Redis } from 'ioredis';
import type { ErrorCode } from './errors.ts';

/** How many days the series keeps. */
export const USAGE_DAYS = 90;

const totalKey = (owner: string) => `darkroom:usage:${owner}`;
const dayKey = (owner: string, day: string) => `darkroom:usage:${owner}:${day}`;

/** The day of a time in milliseconds since 1970, in UTC, as `2026-01-31`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/**
 * Lua function `countUsage(owner, day, field, n, ...)`, for the scripts that change a job's state: what they count is
 * counted in the same step, so exactly once. A day's hash goes when it leaves the series.
 */
export const COUNT_USAGE_LUA = `
  local function countUsage(owner, day, ...)
    local counts = {...}
    local total = 'darkroom:usage:' .. owner
    local daily = total .. ':' .. day
    local isNew = false
    for at = 1, #counts, 2 do
      redis.call('HINCRBY', total, counts[at], counts[at + 1])
      local count = redis.call('HINCRBY', daily, counts[at], counts[at + 1])
      isNew = isNew or count == tonumber(counts[at + 1])
    end
    if isNew then redis.call('EXPIRE', daily, ${(USAGE_DAYS + 1) * 86_400}) end
  end`;

/** Counts of one key, over all time or of one day. */
export interface UsageCounts {
  /** Submissions, taken or refused; those refused for a rate limit are not counted. */
  requests: number;
  /** Images taken. */
  images: number;
  batches: number;
  succeeded: number;
  failed: number;
  canceled: number;
  /** Sum of the milliseconds from submission to result over succeeded and failed jobs. */
  ms: number;
  errors: Record<string, number>;
}

export type UsageStore = ReturnType<typeof createUsageStore>;

/** Usage by key: a hash of counters, and one for each of the last 90 days. Constant memory a key, constant time a call. */
export function createUsageStore(redis: Redis) {
  redis.defineCommand('countRefusal', {
    numberOfKeys: 0,
    lua: `${COUNT_USAGE_LUA}
      countUsage(ARGV[1], ARGV[2], 'requests', 1, 'error:' .. ARGV[3], 1)`,
  });
  const { countRefusal } = redis as unknown as {
    countRefusal(owner: string, day: string, code: string): Promise<null>;
  };

  return {
    /** Counts a submission that was refused. */
    async countRefusal(owner: string, code: ErrorCode): Promise<void> {
      await countRefusal.call(redis, owner, dayOf(Date.now()), code);
    },

    /** All counts of a key, and those of the last 90 days, the oldest first; days without a call are left out. */
    async read(
      owner: string,
      now: number,
    ): Promise<{ total: UsageCounts; days: ({ date: string } & UsageCounts)[] }> {
      const dates = Array.from({ length: USAGE_DAYS }, (_, ago) =>
        dayOf(now - ago * 86_400_000),
      ).reverse();
      const pipeline = redis.pipeline().hgetall(totalKey(owner));
      for (const date of dates) pipeline.hgetall(dayKey(owner, date));
      const answers = ((await pipeline.exec()) ?? []).map(([error, fields]) => {
        if (error) throw error;
        return fields as Record<string, string>;
      });
      const [total = {}, ...days] = answers;
      return {
        total: parseCounts(total),
        days: days.flatMap((fields, index) =>
          Number(fields.requests) > 0 ? [{ date: dates[index] ?? '', ...parseCounts(fields) }] : [],
        ),
      };
    },
  };
}

function parseCounts(fields: Record<string, string>): UsageCounts {
  const count = (name: string) => Number(fields[name] ?? 0);
  return {
    requests: count('requests'),
    images: count('images'),
    batches: count('batches'),
    succeeded: count('succeeded'),
    failed: count('failed'),
    canceled: count('canceled'),
    ms: count('ms'),
    errors: Object.fromEntries(
      Object.entries(fields).flatMap(([name, value]) =>
        name.startsWith('error:') ? [[name.slice('error:'.length), Number(value)]] : [],
      ),
    ),
  };
}
