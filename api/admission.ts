import type { Config } from '../shared/config.ts';
import { PublicError } from '../shared/errors.ts';
import type { ImageStoreState } from '../shared/image-store.ts';

type Limits = Pick<Config, 'queueLimit' | 'queueBytesLimit'>;

export interface Admission {
  /** Throws `queue_full` where no further job is taken. */
  requireRoom(): Promise<void>;
}

/** Decides, before a body is read, whether there is room for another job. */
export function createAdmission(
  stored: () => Promise<ImageStoreState>,
  { queueLimit, queueBytesLimit }: Limits,
): Admission {
  return {
    async requireRoom() {
      const { images, bytes } = await stored();
      if (images >= queueLimit) throw full(`fewer than ${queueLimit} jobs`, `${images}`);
      if (bytes >= queueBytesLimit)
        throw full(`less than ${queueBytesLimit} bytes of images`, `${bytes}`);
    },
  };
}

function full(limit: string, there: string): PublicError {
  return new PublicError(
    'queue_full',
    `Expected ${limit} in the queue but there are ${there}. Try again later.`,
    {
      headers: { 'Retry-After': '10' },
    },
  );
}
