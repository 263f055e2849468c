import { type Redis, ReplyError } from 'ioredis';
import { imageKey } from './job-scripts.ts';

/**
 * Stores an image and then runs the script that makes a job of it and refuses where there is no image, both sent at
 * once. The script is not given the image, since Lua hashes and copies every byte that it gets. Where Redis refuses
 * the script the image is taken back. Where it gives no answer the script may have run, and the image stays.
 */
export async function withImage<T>(
  redis: Redis,
  id: string,
  { image, ttlSeconds }: { image: Buffer; ttlSeconds: number },
  run: () => Promise<T>,
): Promise<T> {
  const key = imageKey(id);
  try {
    const [, ran] = await Promise.all([redis.set(key, image, 'EX', ttlSeconds), run()]);
    return ran;
  } catch (error) {
    if (error instanceof ReplyError) await Promise.allSettled([redis.unlink(key)]);
    throw error;
  }
}
