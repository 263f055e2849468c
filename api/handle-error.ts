import type { ErrorHandler } from 'hono';
import { type ErrorCode, PublicError, problem } from '../shared/errors.ts';
import type { FaultLog } from '../shared/fault-log.ts';
import type { Logger } from '../shared/logger.ts';
import { isRedisUnavailable } from '../shared/redis.ts';
import type { ApiMetrics } from './api-metrics.ts';
import { problemResponse } from './problem-response.ts';
import type { ApiEnv } from './route.ts';

/**
 * The one place where what is thrown becomes an answer. A PublicError says itself what to tell; all else is told as
 * a fixed sentence with the request's id, and its cause goes to the log alone.
 */
export function handleError({
  log,
  faults,
  metrics,
}: {
  log: Logger;
  faults: FaultLog;
  metrics: Pick<ApiMetrics, 'refused'>;
}): ErrorHandler<ApiEnv> {
  return (error, c) => {
    const requestId = c.get('requestId');
    metrics.refused(codeOf(error));
    if (error instanceof PublicError) {
      if (error.cause) log.debug({ err: error, request: requestId }, 'refused');
      return problemResponse(c, problem(error.code, error.detail), error.headers);
    }
    if (isRedisUnavailable(error)) {
      faults.seen('Redis cannot be used', error);
      const detail =
        'Expected the queue to answer, but it cannot be reached right now. Try again in a few seconds.';
      return problemResponse(c, problem('unavailable', detail), { 'Retry-After': '5' });
    }
    log.error({ err: error, request: requestId }, 'request failed');
    return problemResponse(
      c,
      problem('internal', `Please report it with the request id ${requestId}.`),
    );
  };
}

function codeOf(error: Error): ErrorCode {
  if (error instanceof PublicError) return error.code;
  return isRedisUnavailable(error) ? 'unavailable' : 'internal';
}
