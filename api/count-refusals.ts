import type { MiddlewareHandler } from 'hono';
import { errorCodes, PublicError } from '../shared/errors.ts';
import type { UsageStore } from '../shared/usage-store.ts';
import type { ApiEnv } from './route.ts';

/**
 * Counts a submission that was refused, before it is answered. One that was taken is counted by the script that
 * stores it, and bears a job's id; one over the rate limit does not come here.
 */
export function countRefusals(usage: Pick<UsageStore, 'countRefusal'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    await next();
    const { error } = c;
    if (!(error instanceof PublicError) || c.get('jobId')) return;
    if (errorCodes[error.code].status < 500) await usage.countRefusal(c.get('owner'), error.code);
  };
}
