import type { MiddlewareHandler } from 'hono';
import { errorCodes, PublicError } from '../shared/errors.ts';
import type { UsageStore } from '../shared/usage-store.ts';
import type { ApiEnv } from './route.ts';

/**
 * Counts a submission that was refused, before it is answered. One that was taken is counted by the script that
 * stores it, and bears a job's id; one that is over a limit of its key is not counted.
 */
export function countRefusals(usage: Pick<UsageStore, 'countRefusal'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    await next();
    const { error } = c;
    if (!(error instanceof PublicError) || c.get('jobId')) return;
    const isCounted = errorCodes[error.code].status < 500 && error.code !== 'rate_limited';
    if (isCounted) await usage.countRefusal(c.get('owner'), error.code);
  };
}
