import { expected, PublicError } from '../shared/errors.ts';
import { numberFromText } from '../shared/number-from-text.ts';

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
  const seconds = numberFromText(text);
  if (seconds === undefined || seconds < 0) {
    throw new PublicError(
      'invalid_request',
      expected('a number of seconds from 0 up', 'wait', text),
    );
  }
  return Math.min(seconds, MAX_WAIT_SECONDS) * 1000;
}
