import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { StartError } from './start-error.ts';

/** Which Redis was started last on a data folder, as it stands in a file in that folder. */
export interface RedisNote {
  pid: number;
  port: number;
}

const LONGEST_END_MS = 10_000;

/**
 * Ends the Redis that an earlier start left running because it was killed: two on one folder would spoil its data.
 * It ends nothing else: the server itself must say that it is that process and that it works on that folder.
 */
export async function endLeftoverRedis(
  noteFile: string,
  dir: string,
  say: (line: string) => void,
): Promise<void> {
  if (!existsSync(noteFile)) return;
  const { pid, port }: RedisNote = JSON.parse(readFileSync(noteFile, 'utf8'));
  const server = await askServer(port);
  if (server?.pid !== pid || realpathSync(server.dir) !== realpathSync(dir)) return;
  say(`Ending the Redis (process ${pid}) that an earlier start left running.`);
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + LONGEST_END_MS;
  // It closes its port last, after its data is on the disk.
  while (await askServer(port)) {
    if (Date.now() > deadline) {
      throw new StartError(
        `Expected the Redis of process ${pid} to end on SIGTERM, but it goes on.`,
      );
    }
    await delay(50);
  }
}

/** Who listens on a port of this machine; undefined where nobody does. */
async function askServer(port: number): Promise<{ pid: number; dir: string } | undefined> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    commandTimeout: 5_000,
  });
  // The reason comes with the rejection below.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const info = await redis.info('server');
    const [, dir = ''] = (await redis.config('GET', 'dir')) as string[];
    return { pid: Number(/^process_id:(\d+)/m.exec(info)?.[1]), dir };
  } catch (error) {
    // A stuck Redis may still write; everything else is no Redis, or one that is just gone.
    if (!/timed out/i.test(String(error))) return undefined;
    throw new StartError(
      `Expected an answer from port ${port}, where the Redis of an earlier start was: end what hangs there.`,
    );
  } finally {
    redis.disconnect();
  }
}
