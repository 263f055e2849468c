// Stands in for worker/main.ts in start.test.ts. It always has one job open, which takes half a second to end.
import { Redis } from 'ioredis';

if (process.env.STAND_IN_EXIT_CODE) process.exit(Number(process.env.STAND_IN_EXIT_CODE));
const redis = new Redis(`${process.env.REDIS_URL}`, { maxRetriesPerRequest: null });
redis.on('error', () => undefined);
const finishJob = () =>
  setTimeout(async () => {
    await redis.multi().incr('jobs').del('worker').exec();
    process.exit(0);
  }, 500);
process.once('SIGTERM', finishJob);
process.once('disconnect', finishJob);
await redis.set('worker', process.pid);
