import { type ErrorCode, PublicError } from '../../shared/errors.ts';
import { type JobOptions, parseJobOptions } from '../../shared/job-options.ts';
import type { JobSpec } from '../../shared/job-record.ts';
import { jobSpec } from '../job-spec.ts';
import type { ApiDeps } from '../route.ts';
import { requireImage } from '../upload/require-image.ts';
import type { BatchItem } from './batch-item.ts';

/** What an item comes to: a job to be done, or one that has failed. */
export type CheckedItem = { spec: JobSpec } & (
  | { image: Buffer }
  | { code: ErrorCode; detail: string }
);

/** What is wrong with an item fails its row, and no other. */
export async function checkItem(
  { config, registered }: Pick<ApiDeps, 'config' | 'registered'>,
  item: BatchItem,
  batchOptions: JobOptions,
): Promise<CheckedItem> {
  const models = await registered();
  try {
    if ('code' in item) throw new PublicError(item.code, item.detail);
    const { image } = item;
    const options = item.options
      ? parseJobOptions({ ...batchOptions, ...item.options })
      : batchOptions;
    const about = { format: requireImage(image), bytes: image.length };
    return { image, spec: jobSpec(options, about, config, models) };
  } catch (error) {
    if (!(error instanceof PublicError)) throw error;
    const spec = jobSpec(batchOptions, { bytes: 0 }, config, models);
    return { spec, code: error.code, detail: error.message };
  }
}
