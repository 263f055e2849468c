import { isRedisUnavailable } from './redis.ts';
import type { RedisState } from './redis-state.ts';

export interface FaultLog {
  /**
   * Tells of a fault when it begins, and once a minute while it is seen, with how often that was. Every error that
   * says that Redis cannot be used is one and the same fault, whoever sees it.
   */
  seen(fault: string, error: unknown): void;
  /** Tells that a fault is over, where it had begun. */
  over(fault: string): void;
}

interface Fault {
  beganAt: number;
  toldAt: number;
  seenAt: number;
  /** How often it was seen since it was last told. */
  times: number;
}

const REDIS = 'Redis cannot be used';
/** How often it is looked whether Redis can be used again. */
const LOOK_MS = 1_000;

/** Names a fault once, however many callers run into it: a line a minute, and one when it is over. */
export function createFaultLog(
  log: Record<'warn' | 'info', (fields: object, text: string) => void>,
  redisState: () => Promise<RedisState>,
  repeatMs = 60_000,
): FaultLog {
  const faults = new Map<string, Fault>();
  let looking: NodeJS.Timeout | undefined;

  const seen = (name: string, error: unknown) => {
    const now = performance.now();
    const fault = faults.get(name);
    // One of which nobody has told the end is over when it has not been seen for as long.
    if (!fault || now - fault.seenAt > repeatMs) {
      faults.set(name, { beganAt: now, toldAt: now, seenAt: now, times: 0 });
      log.warn({ err: error }, name);
      return;
    }
    fault.seenAt = now;
    fault.times += 1;
    if (now - fault.toldAt < repeatMs) return;
    log.warn({ err: error, times: fault.times, seconds: secondsSince(fault.beganAt) }, name);
    fault.toldAt = now;
    fault.times = 0;
  };

  const over = (name: string) => {
    const fault = faults.get(name);
    if (!fault) return;
    faults.delete(name);
    log.info({ seconds: secondsSince(fault.beganAt) }, `over: ${name}`);
  };

  /** The end of Redis' fault is looked for, since one that nobody uses tells none. */
  const look = async () => {
    const lookedAt = performance.now();
    const state = await redisState();
    const fault = faults.get(REDIS);
    if (state !== 'ok') seen(REDIS, new Error(`Redis is ${state.replaceAll('_', ' ')}`));
    else if (fault && fault.seenAt < lookedAt) {
      over(REDIS);
      clearInterval(looking);
      looking = undefined;
    }
  };

  return {
    seen(name, error) {
      if (!isRedisUnavailable(error)) return seen(name, error);
      seen(REDIS, error);
      looking ??= setInterval(look, LOOK_MS).unref();
    },
    over,
  };
}

function secondsSince(time: number): number {
  return Math.round((performance.now() - time) / 1000);
}
