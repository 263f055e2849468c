import type { MiddlewareHandler } from 'hono';

/**
 * Looks up together what the steps of a call look up one after the other, so that a call after a pause waits for Redis
 * once. Each look is remembered for a time, and whoever needs it waits for it and hears of its failure.
 */
export function lookAhead(looks: (() => Promise<unknown>)[]): MiddlewareHandler {
  return async (_c, next) => {
    for (const look of looks) look().catch(() => undefined);
    await next();
  };
}
