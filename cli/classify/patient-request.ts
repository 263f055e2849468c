import { setTimeout as delay } from 'node:timers/promises';
import type { HttpAnswer } from './http-request.ts';

/** How long a request is tried again, from its first failure: a restart of the server takes less. */
const PATIENCE_MS = 5 * 60_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export interface Patience {
  signal: AbortSignal;
  /** Called when a request is to be tried again, with why, and after how long. */
  onTrouble: (reason: string, waitMs: number) => void;
  patienceMs?: number;
  sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  now?: () => number;
}

/**
 * Makes a request, and again where there is no answer or one that asks for another try, when `Retry-After` says. In the
 * end gives that answer, or throws why there was none.
 */
export async function patientRequest(
  attempt: () => Promise<HttpAnswer>,
  {
    signal,
    onTrouble,
    patienceMs = PATIENCE_MS,
    sleep = (ms, aborted) => delay(ms, undefined, { signal: aborted }),
    now = () => performance.now(),
  }: Patience,
): Promise<HttpAnswer> {
  let firstFailedAt: number | undefined;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const result = await attempt().catch((error: Error) => error);
    if (!(result instanceof Error) && !isTemporary(result)) return result;
    signal.throwIfAborted();
    firstFailedAt ??= now();
    const nextWaitMs = askedWaitMs(result) ?? waitMs;
    if (now() + nextWaitMs - firstFailedAt > patienceMs) {
      if (result instanceof Error) throw result;
      return result;
    }
    const isAnswer = !(result instanceof Error);
    onTrouble(isAnswer ? `the server answers ${result.status}` : reasonOf(result), nextWaitMs);
    await sleep(nextWaitMs, signal);
  }
}

/** Node's error of a host with several addresses has no message. */
export function reasonOf(error: Error & { code?: string }): string {
  return error.message || error.code || error.name;
}

/** 409 is about an Idempotency-Key whose first upload the server has not yet given up. */
function isTemporary({ status }: HttpAnswer): boolean {
  return [409, 429, 502, 503, 504].includes(status);
}

function askedWaitMs(result: HttpAnswer | Error): number | undefined {
  const text = result instanceof Error ? undefined : result.headers['retry-after'];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}
