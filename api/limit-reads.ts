import type { MiddlewareHandler } from 'hono';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { PublicError } from '../shared/errors.ts';
import type { ApiEnv } from './route.ts';

/**
 * Reads that a key may make in a second, of each API process. Honest polling stays far below: `Retry-After` asks for
 * one a second and job, and `?wait=` for none. Counted in memory, so that a poll costs Redis one command.
 */
const READS_PER_SECOND = 5_000;

export function limitReads(perSecond = READS_PER_SECOND): MiddlewareHandler<ApiEnv> {
  const reads = new RateLimiterMemory({ points: perSecond, duration: 1 });
  return async (c, next) => {
    const owner = c.get('owner');
    if (owner) {
      await reads.consume(owner).catch((refused: unknown) => {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        throw new PublicError(
          'rate_limited',
          'Expected fewer reads in a second. Use ?wait= rather than a tight loop.',
          {
            headers: { 'Retry-After': '1' },
          },
        );
      });
    }
    await next();
  };
}
