// Stands in for api/main.ts in start.test.ts: as little of it as a start looks at. Valid TypeScript as well.
import { createServer } from 'node:http';
import { Redis } from 'ioredis';

const redis = new Redis(`${process.env.REDIS_URL}`, { maxRetriesPerRequest: null });
redis.on('error', () => undefined);
const server = createServer(async (_request, response) => {
  const [worker, jobs] = await redis.mget('worker', 'jobs');
  const workers = [Number(worker)].filter((pid) => pid > 0 && isAlive(pid));
  response.end(JSON.stringify({ api: process.pid, workers, jobs }));
});
server.listen(Number(process.env.PORT), process.env.HOST);
process.once('SIGTERM', () => process.exit(0));
process.once('disconnect', () => process.exit(0));

/** @param {number} pid */
function isAlive(pid = 0) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
