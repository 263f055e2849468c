import type { TestProject } from 'vitest/node';
import { startRedis } from './redis-server.ts';

/** Starts the one Redis that all tests share, each under names of its own: `inject('redisUrl')`. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startRedis();
  project.provide('redisUrl', redis.url);
  return redis.stop;
}

declare module 'vitest' {
  export interface ProvidedContext {
    redisUrl: string;
  }
}
