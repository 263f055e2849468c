import type { MiddlewareHandler } from 'hono';
import { PublicError } from '../shared/errors.ts';
import { formatRate } from '../shared/rate.ts';
import type { createRateWindow } from './rate-window.ts';
import type { ApiEnv } from './route.ts';
import { setHeader } from './set-header.ts';

/**
 * Refuses what goes beyond the calling key's rate, and says on every answer how much is left of it
 * (draft-ietf-httpapi-ratelimit-headers-10).
 */
export function limitSubmissions(
  admit: ReturnType<typeof createRateWindow>,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const rate = c.get('rate');
    if (!rate) return next();
    const { allowed, remaining, resetMs } = await admit(c.get('owner'), rate);
    const resetSeconds = Math.max(1, Math.ceil(resetMs / 1000));
    setHeader(c, 'RateLimit-Policy', `"submissions";q=${rate.count};w=${rate.windowSeconds}`);
    setHeader(c, 'RateLimit', `"submissions";r=${remaining};t=${resetSeconds}`);
    if (!allowed) {
      throw new PublicError(
        'rate_limited',
        `Expected at most ${formatRate(rate)} submissions of this key.`,
        {
          headers: { 'Retry-After': String(resetSeconds) },
        },
      );
    }
    return next();
  };
}
