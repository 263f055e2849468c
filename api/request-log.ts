import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Logger } from '../shared/logger.ts';
import type { ApiMetrics } from './api-metrics.ts';
import type { ApiEnv } from './route.ts';

/**
 * One line, and one observation, for every request: who, what, which answer, how long; never a body, a key or a query's
 * values.
 */
export function requestLog(
  log: Logger,
  metrics: Pick<ApiMetrics, 'answered'>,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const startedAt = performance.now();
    await next();
    const ms = performance.now() - startedAt;
    // Of the last that was called: what no route of ours took ends in a middleware for all paths.
    const route = routePath(c);
    metrics.answered(c.req.method, route === '/*' ? 'none' : route, c.res.status, ms);
    // An orchestrator asks every few seconds, and would drown the rest.
    const level = c.req.path === '/livez' || c.req.path === '/readyz' ? 'debug' : 'info';
    log[level](
      {
        request: c.get('requestId'),
        method: c.req.method,
        path: c.req.path.slice(0, 200),
        status: c.res.status,
        ms: Math.round(ms * 10) / 10,
        ...(c.get('jobId') ? { job: c.get('jobId') } : {}),
      },
      'request',
    );
  };
}
