import { hostname } from 'node:os';
import { parseConfig } from '../shared/config.ts';
import { createRedis } from '../shared/redis.ts';
import { createWorkerRegistry } from '../shared/worker-registry.ts';

// Run by the container's engine: exits 0 where Redis has lately heard from the worker beside it, else 1, and says
// which in a line.
setTimeout(() => end(1, 'Redis did not answer within 3 s'), 3_000);
try {
  const redis = createRedis(parseConfig(process.env).redisUrl);
  await new Promise((resolve, reject) => {
    redis.once('ready', resolve);
    redis.once('error', reject);
  });
  const { workers } = await createWorkerRegistry(redis).read();
  const isHere = workers.some(({ name }) => name.startsWith(`${hostname()}-`));
  end(isHere ? 0 : 1, isHere ? 'the worker is registered' : 'the worker is not registered');
} catch (error) {
  end(1, error instanceof Error ? error.message : String(error));
}

function end(code: number, line: string): never {
  console.log(line);
  process.exit(code);
}
