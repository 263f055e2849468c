import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { JobRecord } from '../shared/job-record.ts';
import { findJob } from './find-job.ts';
import { requireSame } from './idempotency.ts';
import type { ApiDeps, ApiEnv } from './route.ts';
import { setHeader } from './set-header.ts';
import { submitJob } from './submit-job.ts';
import { readUpload, type Upload } from './upload/read-upload.ts';
import type { HeldUpload } from './upload/upload-memory.ts';

export interface Submission {
  id: string;
  record: JobRecord;
  /** Whether it is the job of an earlier try. */
  isReplay: boolean;
}

/**
 * Takes the image of a request and makes a job of it. With an Idempotency-Key a second try finds the job of the first,
 * also where there is no room for another.
 */
export async function takeSubmission(deps: ApiDeps, c: Context<ApiEnv>): Promise<Submission> {
  const held = deps.uploads.open();
  try {
    return await take(deps, c, held);
  } finally {
    held.release();
  }
}

async function take(deps: ApiDeps, c: Context<ApiEnv>, held: HeldUpload): Promise<Submission> {
  const { admission, config, idempotency } = deps;
  const { maxImageBytes } = config;
  const owner = c.get('owner');
  const read = async () => {
    await admission.requireRoom();
    return readUpload(c.env.incoming, c.req.queries(), { maxImageBytes, held });
  };
  const key = c.req.header('Idempotency-Key');
  if (key === undefined) {
    return { ...(await submitJob(deps, owner, await read())), isReplay: false };
  }
  const claim = await idempotency.claim('job', owner, key);
  if (claim.earlier) {
    const again = await readUpload(c.env.incoming, c.req.queries(), { maxImageBytes, held });
    requireSame(claim.earlier, hashUpload(again));
    setHeader(c, 'Idempotency-Replayed', 'true');
    return { ...(await findAgain(deps, claim.earlier.id, owner)), isReplay: true };
  }
  return claim.holdWhile(async () => {
    const upload = await read();
    const entryOf = (id: string) => claim.entryOf(id, hashUpload(upload));
    return { ...(await submitJob(deps, owner, upload, entryOf)), isReplay: false };
  });
}

/** The job of an earlier try; whatever became of that, it has its ticket then. */
async function findAgain(
  { config, store, queue }: ApiDeps,
  id: string,
  owner: string,
): Promise<{ id: string; record: JobRecord }> {
  const record = await findJob(store, id, { owner, ttlSeconds: config.resultTtlSeconds });
  if (record.status === 'queued') await queue.add(id);
  return { id, record };
}

/** What makes two submissions the same: the picture and what is asked of it. A form's boundary is another each time. */
function hashUpload({ image, options }: Upload): string {
  return createHash('sha256')
    .update(JSON.stringify(options))
    .update('\n')
    .update(image)
    .digest('hex');
}
