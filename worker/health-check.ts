import { hostname } from 'node:os';
import { parseConfig } from '../shared/config.ts';
import { createRedis } from '../shared/redis.ts';
import { ALIVE_MS, createWorkerRegistry } from '../shared/worker-registry.ts';

// Run by the container's engine: exits 0 where the worker beside it has lately told Redis that it gets on, else 1, and
// says which in a line. Without Redis a worker can do nothing, so it is not healthy; Compose does not restart it for that.
setTimeout(() => end(1, 'Redis did not answer within 3 s'), 3_000);
try {
  const redis = createRedis(parseConfig(process.env).redisUrl);
  await new Promise((resolve, reject) => {
    redis.once('ready', resolve);
    redis.once('error', reject);
  });
  const { workers } = await createWorkerRegistry(redis).read();
  const worker = workers.find(({ name }) => name.startsWith(`${hostname()}-`));
  if (!worker) end(1, `Redis has not heard of the worker for ${ALIVE_MS / 1000} s`);
  end(worker.stuck ? 1 : 0, worker.stuck ?? 'the worker gets on');
} catch (error) {
  end(1, error instanceof Error ? error.message : String(error));
}

function end(code: number, line: string): never {
  console.log(line);
  process.exit(code);
}
