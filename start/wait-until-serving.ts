import { setTimeout as delay } from 'node:timers/promises';

/** Resolves to true when the API answers and names a worker; to false when the signal aborts before. */
export async function waitUntilServing(url: string, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await namesWorker(url, signal)) return true;
    await delay(250, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

async function namesWorker(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(2_000)]);
    const answer = await fetch(`${url}/readyz`, { signal: patience });
    const body: unknown = await answer.json();
    if (!answer.ok || typeof body !== 'object' || body === null || !('workers' in body))
      return false;
    return Array.isArray(body.workers) && body.workers.length > 0;
  } catch {
    // Nobody listens yet.
    return false;
  }
}
