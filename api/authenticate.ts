import type { Context, MiddlewareHandler } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { PublicError } from '../shared/errors.ts';
import type { KeyRing } from './key-ring.ts';
import type { ApiEnv } from './route.ts';

/** Failures that an address may have in a minute before it is told to wait instead of being told that it failed. */
const FAILURES_PER_MINUTE = 100;

/**
 * Finds out who calls. Failures are limited by address, and only failures: behind a proxy all callers share one
 * address, and a stranger's wrong keys must not lock out a right one.
 */
export function authenticate(keyRing: KeyRing): MiddlewareHandler<ApiEnv> {
  const failures = new RateLimiterMemory({ points: FAILURES_PER_MINUTE, duration: 60 });
  return async (c, next) => {
    const caller = await keyRing.identify(bearerToken(c.req.header('Authorization')));
    if (!caller) throw await refusal(c, failures);
    c.set('owner', caller === 'open' ? '' : caller.owner);
    // Whoever reaches an open service sits at its machine, and runs it.
    c.set('isOperator', caller === 'open' || caller.isOperator);
    if (caller !== 'open' && caller.rate) c.set('rate', caller.rate);
    await next();
  };
}

/** The token of `Bearer TOKEN` (RFC 6750, 2.1); the scheme in any case. */
function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

async function refusal(c: Context<ApiEnv>, failures: RateLimiterMemory): Promise<PublicError> {
  const address = c.env.incoming.socket.remoteAddress ?? 'unknown';
  const { consumedPoints, msBeforeNext } = await failures.penalty(address);
  if (consumedPoints <= FAILURES_PER_MINUTE) {
    return new PublicError(
      'unauthorized',
      "Expected a valid key in the header 'Authorization: Bearer KEY'.",
      {
        headers: { 'WWW-Authenticate': 'Bearer realm="darkroom"' },
      },
    );
  }
  return new PublicError(
    'rate_limited',
    'Expected fewer calls without a valid key from this address.',
    {
      headers: { 'Retry-After': String(Math.ceil(msBeforeNext / 1000)) },
    },
  );
}
