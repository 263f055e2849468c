import type { Redis } from 'ioredis';

/** Reads a list that is sorted by its ids, newest first, from after an id; entries that have expired are left out. */
export async function readList<T>(
  redis: Redis,
  list: string,
  { after, limit }: { after: string | undefined; limit: number },
  read: (id: string) => Promise<T | undefined>,
): Promise<{ id: string; record: T }[]> {
  const from = after === undefined ? '+' : `(${after}`;
  const ids = await redis.zrange(list, from, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit);
  const records = await Promise.all(ids.map(read));
  return ids.flatMap((id, index) => {
    const record = records[index];
    return record ? [{ id, record }] : [];
  });
}
