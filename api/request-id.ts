import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from './route.ts';
import { setHeader } from './set-header.ts';

/**
 * Gives a request an id, for the answer and the log: the caller's `X-Request-Id`, where that is short and plain. Ours are
 * a number of this process and a count, which cost a poll a twentieth less than a UUID each.
 */
export function requestId(): MiddlewareHandler<ApiEnv> {
  const process = randomUUID().slice(-12);
  let count = 0;
  const newId = () => {
    count += 1;
    return `${process}-${count}`;
  };
  return (c, next) => {
    const asked = c.req.header('X-Request-Id');
    const id = asked && /^[\w=-]{1,255}$/.test(asked) ? asked : newId();
    c.set('requestId', id);
    setHeader(c, 'X-Request-Id', id);
    return next();
  };
}
