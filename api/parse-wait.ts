import { expected, PublicError } from '../shared/errors.ts';

/** Longest wait in seconds; a longer one counts as this. Below the idle time-outs of common proxies, 60 s. */
export const MAX_WAIT_SECONDS = 60;

/**
 * How long to hold an answer, in milliseconds, from `?wait=` in seconds or else from `Prefer: wait=` (RFC 7240, 4.3),
 * whose mistakes are passed over as that RFC says. Throws `invalid_request` for what is no number from 0 up.
 */
export function parseWait(query: string | undefined, prefer: string | undefined): number {
  const preferred = /(?:^|[,;\s])wait=(\d{1,9})(?:$|[,;\s])/i.exec(prefer ?? '')?.[1];
  const text = query ?? preferred;
  if (text === undefined) return 0;
  if (!/^\d+(\.\d+)?$/.test(text)) {
    throw new PublicError(
      'invalid_request',
      expected('a number of seconds from 0 up', 'wait', text),
    );
  }
  return Math.min(Number(text), MAX_WAIT_SECONDS) * 1000;
}
