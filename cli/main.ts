#!/usr/bin/env node
import { Command } from 'commander';
import type { Redis } from 'ioredis';
import { type Config, ConfigError, parseConfig } from '../shared/config.ts';
import { createDeadLetters } from '../shared/dead-letters.ts';
import { createKeyStore } from '../shared/key-store.ts';
import { createRedis, isRedisUnavailable } from '../shared/redis.ts';
import { addClassifyCommand } from './classify-command.ts';
import { addDeadCommand } from './dead-command.ts';
import { addKeysCommand } from './keys-command.ts';
import { UsageError } from './usage-error.ts';

const program = new Command('darkroom')
  .description('Image classification behind a job queue.')
  // Commander's own code is 1, which here says that some pictures failed.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
addClassifyCommand(program, process.env);
addKeysCommand(program, (use) => withRedis((redis) => use(createKeyStore(redis))));
addDeadCommand(program, (use) =>
  withRedis((redis, config) => use(createDeadLetters(redis, config))),
);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exitCode = 2;
}

function sentenceOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof ConfigError) return error.message;
  if (!isRedisUnavailable(error)) throw error;
  return 'Expected a Redis that answers at REDIS_URL, but it cannot be reached. Is Darkroom running?';
}

async function withRedis(use: (redis: Redis, config: Config) => Promise<void>): Promise<void> {
  const config = parseConfig(process.env);
  const redis = createRedis(config.redisUrl);
  try {
    await new Promise<void>((resolve, reject) => {
      redis.once('ready', resolve);
      redis.once('error', reject);
    });
    await use(redis, config);
  } finally {
    redis.disconnect();
  }
}
