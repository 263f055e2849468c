import { type Redis, ReplyError } from 'ioredis';
import { imageKey } from './job-scripts.ts';

/**
 * Stores images and then runs the script that makes jobs of them and refuses where one is not there, all sent at once.
 * The script is not given the images, since Lua hashes and copies every byte that it gets. Where Redis refuses the
 * script they are taken back. Where it gives no answer the script may have run, and they stay.
 */
export async function withImages<T>(
  redis: Redis,
  images: { id: string; image: Buffer }[],
  ttlSeconds: number,
  run: () => Promise<T>,
): Promise<T> {
  try {
    const storing = images.map(({ id, image }) => redis.set(imageKey(id), image, 'EX', ttlSeconds));
    const [ran] = await Promise.all([run(), ...storing]);
    return ran;
  } catch (error) {
    if (error instanceof ReplyError) {
      await Promise.allSettled([redis.unlink(images.map(({ id }) => imageKey(id)))]);
    }
    throw error;
  }
}
