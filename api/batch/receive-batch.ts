import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, PublicError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { type JobOptions, parseJobOptions } from '../../shared/job-options.ts';
import type { JobSpec } from '../../shared/job-record.ts';
import { jobSpec } from '../job-spec.ts';
import type { ApiDeps } from '../route.ts';
import { requireImage } from '../upload/require-image.ts';
import type { BatchItem, BatchItems } from './batch-item.ts';

/** Items of a batch: a results file of so many rows is a few megabytes. */
export const MAX_ITEMS = 50_000;
/** How often a held-up upload looks whether there is room again. */
const ROOM_CHECK_MS = 100;
/** How often an upload says that it is still there, also while one slow image arrives. */
const TOUCH_MS = 20_000;

export interface Reception {
  owner: string;
  /** The batch's options as they stand now: in some forms they come after the first images. */
  options: () => JobOptions;
  items: BatchItems;
  retryOf?: string;
}

/**
 * Receives a batch: its items enter the queue while the rest is still arriving, and an upload for which there is no
 * room waits in its connection. Returns the batch's id. Throws where nothing had arrived when the upload broke; after
 * that the batch says what broke it.
 */
export async function receiveBatch(deps: ApiDeps, reception: Reception): Promise<string> {
  const { batches, feed, faults, log } = deps;
  const { owner, items, options, retryOf } = reception;
  const id = newId('batch');
  let isOpen = false;
  let received = 0;
  const touching = setInterval(() => {
    batches.touch(id).catch((error: unknown) => faults.seen('an upload is not noted', error));
  }, TOUCH_MS);
  try {
    for await (const item of items) {
      if (!isOpen) {
        await batches.open(id, owner, { options: options(), ...(retryOf ? { retryOf } : {}) });
        isOpen = true;
      }
      if (received === MAX_ITEMS) {
        throw new PublicError(
          'batch_too_large',
          `Expected at most ${MAX_ITEMS} items but received more.`,
        );
      }
      if (!(await addItem(deps, id, received, item, reception))) break;
      received += 1;
    }
  } catch (error) {
    if (received === 0) {
      if (isOpen) await batches.discard(id, owner);
      throw error;
    }
    if (!(error instanceof PublicError))
      log.warn({ err: error, batch: id }, 'the upload of a batch broke');
    await batches.close(id, error instanceof PublicError ? error.code : 'internal');
    return id;
  } finally {
    clearInterval(touching);
  }
  if (!isOpen)
    throw new PublicError('empty_batch', 'Expected at least one image but received none.');
  await batches.close(id);
  await feed.feed();
  return id;
}

/** False where the batch takes no more, since it was canceled. */
async function addItem(
  deps: ApiDeps,
  batch: string,
  index: number,
  item: BatchItem,
  { owner, options }: Reception,
): Promise<boolean> {
  const { batches, feed, admission, metrics } = deps;
  const row = { jobId: newId('job'), id: item.id ?? String(index) };
  const checked = await checkItem(deps, item, options());
  if ('code' in checked) {
    metrics.refused(checked.code);
    return batches.addFailedItem(batch, row, { owner, ...checked });
  }
  while (!(await admission.hasBatchRoom())) {
    if (!(await batches.touch(batch))) return false;
    await delay(ROOM_CHECK_MS);
  }
  const { taken, feedIsLow } = await batches.addItem(batch, row, { owner, ...checked });
  if (taken) metrics.accepted('batch');
  if (feedIsLow) await feed.feed();
  return taken;
}

type Checked = { spec: JobSpec } & ({ image: Buffer } | { code: ErrorCode; detail: string });

/** What is wrong with an item fails its row, and no other. */
async function checkItem(
  { config, registered }: Pick<ApiDeps, 'config' | 'registered'>,
  item: BatchItem,
  batchOptions: JobOptions,
): Promise<Checked> {
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
