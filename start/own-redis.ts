import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endLeftoverRedis, type RedisNote } from './end-leftover-redis.ts';
import { listenOnce } from './listen-once.ts';
import { redisLogOf, redisLogTail, spawnRedisServer } from './redis-server.ts';
import { StartError } from './start-error.ts';
import { type Supervised, supervise } from './supervise.ts';
import { waitForRedis } from './wait-for-redis.ts';

/** Loading its data may take a while: a gibibyte of images about ten seconds. */
const LONGEST_START_MS = 120_000;

/**
 * Every write is on the disk within a second. Snapshots beside that would only write it twice, and images, which are most
 * of what is rewritten, cannot be compressed.
 */
export const PERSISTENCE = [
  ...['--appendonly', 'yes', '--appendfsync', 'everysec'],
  ...['--save', '', '--rdbcompression', 'no'],
];

interface OwnRedisOptions {
  dir: string;
  say: (line: string) => void;
  signal: AbortSignal;
}

/** Starts a Redis of this checkout's own, on a free port, with its data in `dir`; resolves when it answers. */
export async function startOwnRedis({
  dir,
  say,
  signal,
}: OwnRedisOptions): Promise<{ url: string; server: Pick<Supervised, 'ended' | 'stop'> }> {
  const noteFile = join(dir, 'running.json');
  await endLeftoverRedis(noteFile, dir, say);
  // A log of this start only: nothing else bounds it.
  rmSync(redisLogOf(dir), { force: true });
  const port = await listenOnce('127.0.0.1', 0);
  let answered = false;
  const server = supervise({
    name: 'Redis',
    say,
    start: () => {
      const child = spawnRedisServer({ port, dir, args: PERSISTENCE, detached: true });
      if (child.pid !== undefined) {
        const note: RedisNote = { pid: child.pid, port };
        writeFileSync(noteFile, JSON.stringify(note));
      }
      return child;
    },
    // One that has never run has something wrong that stays wrong, as a folder that cannot be written to.
    isHopeless: () => !answered,
  });
  const failed = server.ended.then((exit) => {
    throw new StartError(`${redisLogTail(dir)}\nRedis ended with ${exit?.how} before it answered.`);
  });
  const stop = async (killAfterMs: number) => {
    await server.stop(killAfterMs);
    rmSync(noteFile, { force: true });
  };
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_START_MS)]);
    await Promise.race([waitForRedis(port, patience), failed]);
  } catch (error) {
    await stop(1_000);
    throw error;
  }
  answered = true;
  return { url: `redis://127.0.0.1:${port}`, server: { ended: server.ended, stop } };
}
