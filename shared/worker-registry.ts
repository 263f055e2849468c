import type { Redis } from 'ioredis';
import type { ModelInfo } from './model-info.ts';

/** How often a worker says that it is there, and how long it counts as there after that, in milliseconds. */
export const HEARTBEAT_MS = 5_000;
export const ALIVE_MS = 15_000;

const WORKERS = 'darkroom:workers';
const MODELS = 'darkroom:models';
const workerKey = (name: string) => `darkroom:worker:${name}`;

export interface WorkerInfo {
  name: string;
  /** Images that it has open at once. */
  concurrency: number;
  /** Names of the models that it has loaded. */
  models: string[];
  /** Why it does not get on, where it does not. */
  stuck?: string;
}

export interface Registered {
  workers: WorkerInfo[];
  /** With how many workers have it loaded: 0 where no worker is there and the model is known from before. */
  models: (ModelInfo & { workers: number })[];
}

export type WorkerRegistry = ReturnType<typeof createWorkerRegistry>;

/** Who works and with what: a key for each worker that expires by Redis' clock, a set of their names, a hash of models. */
export function createWorkerRegistry(redis: Redis) {
  const readWorkers = async (): Promise<{ workers: WorkerInfo[]; dead: string[] }> => {
    const names = await redis.smembers(WORKERS);
    if (names.length === 0) return { workers: [], dead: [] };
    const found = await redis.mget(names.map(workerKey));
    return {
      workers: found.flatMap((json) => (json ? [JSON.parse(json) as WorkerInfo] : [])),
      dead: names.filter((_name, index) => !found[index]),
    };
  };

  return {
    /** Says that a worker is there; repeated every HEARTBEAT_MS, so that an emptied Redis learns it again. */
    async announce(worker: WorkerInfo, models: ModelInfo[]): Promise<void> {
      const { dead } = await readWorkers();
      const transaction = redis
        .multi()
        .sadd(WORKERS, worker.name)
        .set(workerKey(worker.name), JSON.stringify(worker), 'PX', ALIVE_MS);
      for (const model of models) transaction.hset(MODELS, model.name, JSON.stringify(model));
      if (dead.length > 0) transaction.srem(WORKERS, ...dead);
      await transaction.exec();
    },

    /** Says that a worker has ended. Its models stay known, so that jobs can be submitted while it restarts. */
    async leave(name: string): Promise<void> {
      await redis.multi().srem(WORKERS, name).del(workerKey(name)).exec();
    },

    /** The workers that are there now, and the models that they have; without workers, the models of the last ones. */
    async read(): Promise<Registered> {
      const [{ workers }, models] = await Promise.all([readWorkers(), redis.hgetall(MODELS)]);
      const counted = Object.values(models)
        .map((json) => JSON.parse(json) as ModelInfo)
        .map((model) => ({
          ...model,
          workers: workers.filter((worker) => worker.models.includes(model.name)).length,
        }));
      return {
        workers: workers.sort((a, b) => a.name.localeCompare(b.name)),
        models: counted
          .filter((model) => workers.length === 0 || model.workers > 0)
          .sort((a, b) => a.name.localeCompare(b.name)),
      };
    },
  };
}
