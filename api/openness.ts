import type { Redis } from 'ioredis';
import { type Config, ConfigError } from '../shared/config.ts';
import type { Logger } from '../shared/logger.ts';
import { isRedisUnavailable, readyWithin } from '../shared/redis.ts';
import type { KeyRing } from './key-ring.ts';

type Addresses = Pick<Config, 'auth' | 'host' | 'publishedOn' | 'apiKeys'>;

/** How long the start waits for Redis to tell whether there are keys. */
const REDIS_WAIT_MS = 10_000;

/** How often an API that nobody calls looks whether a key was made. */
const LOOK_MS = 1_000;

/** Whether the service may be open while no key is known: only where nobody else's machine can reach it. */
export function mayOpen({ auth, host, publishedOn }: Addresses): boolean {
  return auth !== 'keys' && isLoopback(publishedOn ?? host);
}

/**
 * Refuses to start a service that would be reached from elsewhere and has no key. Where Redis cannot tell in time it
 * starts, and stays closed, since it may not open.
 */
export async function requireKeys(
  config: Addresses,
  redis: Redis,
  keyRing: Pick<KeyRing, 'hasKeys'>,
): Promise<void> {
  if (mayOpen(config) || config.auth === 'keys' || config.apiKeys.length > 0) return;
  await readyWithin(redis, REDIS_WAIT_MS);
  const hasKeys = await keyRing.hasKeys().catch((error: unknown) => {
    if (isRedisUnavailable(error)) return true;
    throw error;
  });
  if (hasKeys) return;
  const [name, value] = config.publishedOn
    ? ['PUBLISHED_ON', config.publishedOn]
    : ['HOST', config.host];
  throw new ConfigError(
    `Expected a loopback address for ${name} while there is no API key but received '${value}'. ` +
      'Set API_KEYS=name:key, or AUTH=keys and then run: darkroom keys create NAME.',
  );
}

/**
 * Says that the service is open, where it is, and looks on until it is not: also an API that nobody calls must have
 * seen that there are keys before Redis could lose them. Returns what ends the looking.
 */
export function watchOpenness(
  config: Addresses,
  keyRing: Pick<KeyRing, 'hasKeys'>,
  log: Logger,
): () => void {
  if (!mayOpen(config)) return () => undefined;
  let isOpen = false;
  const look = async () => {
    const hasKeys = await keyRing.hasKeys();
    if (hasKeys) clearInterval(timer);
    if (hasKeys && isOpen) log.info('closed: there is an API key now, and every call needs one');
    if (!hasKeys && !isOpen) log.warn('open: there is no API key, so every call is let in');
    isOpen = !hasKeys;
  };
  // Where Redis cannot tell, the next look may.
  const lookAgain = () => void look().catch(() => undefined);
  const timer = setInterval(lookAgain, LOOK_MS);
  lookAgain();
  return () => clearInterval(timer);
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}
