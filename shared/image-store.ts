import type { Redis } from 'ioredis';

const STORED = 'darkroom:stored';

export type ImageStoreState = { images: number; bytes: number };

/** How many images wait or run now, and how many bytes they are: what admission goes by. */
export function createImageStoreReader(redis: Redis): () => Promise<ImageStoreState> {
  return async () => {
    const nowSeconds = Date.now() / 1000;
    const fields = Object.entries(await redis.hgetall(STORED));
    const isPast = (name: string) => Number(name.split(':')[1]) < nowSeconds;
    const past = fields.filter(([name]) => isPast(name)).map(([name]) => name);
    if (past.length > 0) await redis.hdel(STORED, ...past);
    const sum = (kind: string) =>
      fields
        .filter(([name]) => name.startsWith(`${kind}:`) && !isPast(name))
        .reduce((total, [, count]) => total + Number(count), 0);
    return { images: sum('images'), bytes: sum('bytes') };
  };
}
