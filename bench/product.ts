import { PERSISTENCE } from '../start/own-redis.ts';
import { type Services, startServices } from '../test/start-services.ts';
import { waitForAnswer } from './wait-for-answer.ts';

export interface Product {
  services: Services;
  port: number;
  /** Process ids of Redis, the API and the worker. */
  roots: number[];
}

/** Starts the product as it is run: a line a job and a request in the log, and the disk under Redis. */
export async function startProduct(env: NodeJS.ProcessEnv = {}, workers = 1): Promise<Product> {
  const services = await startServices({
    env: { LOG_LEVEL: 'info', ...env },
    workers,
    redisArgs: PERSISTENCE,
  });
  const processes = [services.redis.process, ...services.processes];
  const port = Number(new URL(services.url).port);
  await waitForAnswer(port);
  return {
    services,
    port,
    roots: processes.map(({ pid }) => pid ?? 0),
  };
}
