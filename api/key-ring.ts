import type { ConfiguredKey } from '../shared/config.ts';
import { hashKey, type KeyStore } from '../shared/key-store.ts';
import { parseRate, type Rate } from '../shared/rate.ts';
import { remember } from './remember.ts';

/** How long a change of the keys may go unseen, in milliseconds: a revoked key must fail within a second. */
const UNSEEN_MS = 500;

export interface Caller {
  /** Whose jobs and usage they are. */
  owner: string;
  rate: Rate | undefined;
  /** Whether the caller runs the service. */
  isOperator: boolean;
}

export interface KeyRing {
  /** The caller of a key; `open` where no key is known and none is needed; undefined for no key or a wrong one. */
  identify(key: string | undefined): Promise<Caller | 'open' | undefined>;
  /** Whether a key is known, or was ever made in this Redis. Rejects while that cannot be told. */
  hasKeys(): Promise<boolean>;
}

export interface KeyRingOptions {
  store: Pick<KeyStore, 'list' | 'version'>;
  /** Keys of the settings. */
  configured: ConfiguredKey[];
  /** RATE_LIMIT, for keys without a rate of their own. */
  defaultRate: Rate | undefined;
  /** Whether the service may be open while no key is known. */
  mayOpen: boolean;
}

/**
 * The keys that are known: those of the settings, and those in Redis, read again when their version changes. Once a
 * key was made the service never opens again: not when the last one is revoked, for the version stays; and not while
 * this process runs, whatever becomes of Redis.
 *
 * Keys are found by their SHA-256, so the time that it takes tells nothing of a key.
 */
export function createKeyRing({
  store,
  configured,
  defaultRate,
  mayOpen,
}: KeyRingOptions): KeyRing {
  const fromSettings = new Map<string, Caller>(
    configured.map(({ name, key, isOperator = false }) => [
      hashKey(key),
      { owner: name, rate: defaultRate, isOperator },
    ]),
  );
  let fromRedis = new Map<string, Caller>();
  let version: string | undefined;
  let everSawKey = configured.length > 0;

  const refresh = remember(async () => {
    const current = await store.version();
    if (current === version) return;
    const keys = await store.list();
    fromRedis = new Map(
      keys.map(({ hash, id, rate, operator = false }) => [
        hash,
        { owner: id, rate: parseRate(rate ?? '') ?? defaultRate, isOperator: operator },
      ]),
    );
    everSawKey ||= current !== '';
    version = current;
  }, UNSEEN_MS);

  return {
    async identify(key) {
      const hash = key === undefined ? '' : hashKey(key);
      const known = fromSettings.get(hash);
      if (known) return known;
      await refresh();
      if (mayOpen && !everSawKey) return 'open';
      return fromRedis.get(hash);
    },
    async hasKeys() {
      await refresh();
      return everSawKey;
    },
  };
}
