import type { Context } from 'hono';
import type { ApiEnv } from './route.ts';

/**
 * Sets a header of the answer, on Node's response. Hono makes a `Headers` object of the first that it is given, which
 * costs more than the rest of a small answer.
 */
export function setHeader(c: Context<ApiEnv>, name: string, value: string): void {
  c.env.outgoing.setHeader(name, value);
}
