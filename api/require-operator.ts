import type { MiddlewareHandler } from 'hono';
import { PublicError } from '../shared/errors.ts';
import type { ApiEnv } from './route.ts';

/** Lets those pass who run the service. */
export const requireOperator: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (!c.get('isOperator')) throw new PublicError('forbidden', "Expected an operator's key.");
  await next();
};
