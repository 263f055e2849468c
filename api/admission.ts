import { PublicError } from '../shared/errors.ts';

export interface Admission {
  /** Throws `queue_full` where no further job is taken. */
  requireRoom(): Promise<void>;
}

/** Decides, before a body is read, whether there is room for another job. */
export function createAdmission(
  countWaiting: () => Promise<number>,
  queueLimit: number,
): Admission {
  return {
    async requireRoom() {
      const waiting = await countWaiting();
      if (waiting < queueLimit) return;
      throw new PublicError(
        'queue_full',
        `Expected fewer than ${queueLimit} waiting jobs but there are ${waiting}. Try again later.`,
        { headers: { 'Retry-After': '10' } },
      );
    },
  };
}
