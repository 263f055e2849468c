import { setTimeout as delay } from 'node:timers/promises';
import { listenOnce } from './listen-once.ts';
import { StartError } from './start-error.ts';

interface Wanted {
  host: string;
  port: number;
  say: (line: string) => void;
  signal: AbortSignal;
  waitMs?: number;
}

/**
 * The port that the API can listen on: the one asked for, or a free one for 0. One that is in use gets some time,
 * because the API of a Darkroom that was killed lets go of it only when its last requests are answered.
 */
export async function findPort({
  host,
  port,
  say,
  signal,
  waitMs = 10_000,
}: Wanted): Promise<number> {
  const deadline = Date.now() + waitMs;
  for (let saidSo = false; ; saidSo = true) {
    try {
      return await listenOnce(host, port);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      if (code !== 'EADDRINUSE') {
        throw new StartError(
          `Expected an address to listen on but received ${host}:${port} (${code}).`,
        );
      }
      if (Date.now() >= deadline) {
        throw new StartError(
          `Expected a free port for PORT but received ${port}, which is in use: PORT=${port + 1} npm start.`,
        );
      }
    }
    if (!saidSo) say(`Port ${port} is in use: waiting ${waitMs / 1000} s for it to become free.`);
    await delay(100, undefined, { signal });
  }
}
