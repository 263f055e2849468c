import type { MiddlewareHandler } from 'hono';
import type { Logger } from '../shared/logger.ts';
import type { ApiEnv } from './route.ts';

/** One line for every request: who, what, which answer, how long; never a body, a key or a query's values. */
export function requestLog(log: Logger): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const startedAt = performance.now();
    await next();
    // An orchestrator asks every few seconds, and would drown the rest.
    const level = c.req.path === '/livez' || c.req.path === '/readyz' ? 'debug' : 'info';
    log[level](
      {
        request: c.get('requestId'),
        method: c.req.method,
        path: c.req.path.slice(0, 200),
        status: c.res.status,
        ms: Math.round((performance.now() - startedAt) * 10) / 10,
        ...(c.get('jobId') ? { job: c.get('jobId') } : {}),
      },
      'request',
    );
  };
}
