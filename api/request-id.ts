import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from './route.ts';
import { setHeader } from './set-header.ts';

/** Gives a request an id, for the answer and the log: the caller's `X-Request-Id`, where that is short and plain. */
export function requestId(): MiddlewareHandler<ApiEnv> {
  return (c, next) => {
    const asked = c.req.header('X-Request-Id');
    const id = asked && /^[\w=-]{1,255}$/.test(asked) ? asked : randomUUID();
    c.set('requestId', id);
    setHeader(c, 'X-Request-Id', id);
    return next();
  };
}
