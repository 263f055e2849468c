import { Redis } from 'ioredis';
import type { Table } from '../report.ts';

/** Rarer ones are the heartbeat, the feed of batches and what looks after the queue. */
const RARELY = 0.05;

/**
 * Which commands Redis ran for an image, those inside of scripts included, whose time stands in that of `evalsha` too.
 * Blocking commands count the time in which they block as none.
 */
export async function countRedisCommands(
  url: string,
  runJobs: () => Promise<{ images: number }>,
): Promise<Table> {
  const redis = new Redis(url);
  try {
    await redis.config('RESETSTAT');
    const { images } = await runJobs();
    const stats = await redis.info('commandstats');
    const commands = [...stats.matchAll(/^cmdstat_(\S+):calls=(\d+),usec=(\d+)/gm)].map(
      ([, name = '', calls, microseconds]) => ({
        name,
        calls: Number(calls) / images,
        microseconds: Number(microseconds) / images,
      }),
    );
    return [
      ['Redis commands of a job', 'calls', 'µs'],
      ...commands
        .filter(({ calls }) => calls >= RARELY)
        .sort((a, b) => b.calls - a.calls)
        .map(({ name, calls, microseconds }) => [name, calls.toFixed(2), microseconds.toFixed(0)]),
    ];
  } finally {
    redis.disconnect();
  }
}
