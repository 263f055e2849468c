import { setTimeout as delay } from 'node:timers/promises';
import { PublicError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import type { JobOptions } from '../../shared/job-options.ts';
import type { ApiDeps } from '../route.ts';
import { addItems, NoMoreTaken, type RowItem } from './add-items.ts';
import type { BatchItems } from './batch-item.ts';
import { checkItem } from './check-item.ts';
import { inGroups } from './in-groups.ts';

/** Items of a batch: a results file of so many rows is a few megabytes. */
export const MAX_ITEMS = 50_000;
/** Items that are gathered while others are added, and then added at once; of large images one or two. */
const ITEMS_AHEAD = 16;
const BYTES_AHEAD = 2 ** 19;
/** How often a held-up upload looks whether there is room again. */
const ROOM_CHECK_MS = 100;
/** How often an upload says that it is still there, also while one slow image arrives. */
const TOUCH_MS = 20_000;

export interface Reception {
  owner: string;
  /** The batch's options as they stand now: in some forms they come after the first images. */
  options: () => JobOptions;
  items: BatchItems;
  /** Ends `items` where they are waited for, and the batch takes no more. */
  stop?: () => void;
  /** How many items may be asked for before those before them have been taken. */
  ahead?: number;
  retryOf?: string;
}

/**
 * Receives a batch: its items enter the queue while the rest is still arriving, and an upload for which there is no
 * room waits in its connection. Returns the batch's id. Throws where nothing had arrived when the upload broke; after
 * that the batch says what broke it.
 */
export async function receiveBatch(deps: ApiDeps, reception: Reception): Promise<string> {
  const { batches, feed, faults, log } = deps;
  const { owner, items, options, retryOf, stop, ahead = ITEMS_AHEAD } = reception;
  const id = newId('batch');
  let isOpen = false;
  let received = 0;
  let added = 0;
  const adding = inGroups<RowItem>({
    async run(group) {
      await addItems(deps, id, owner, group);
      added += group.length;
    },
    isEnough: (gathered) => gathered.length >= ahead || bytesOf(gathered) >= BYTES_AHEAD,
    onFailure: () => stop?.(),
  });
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
      const row = { jobId: newId('job'), id: item.id ?? String(received) };
      await waitForRoom(deps, id);
      await adding.push({ row, ...(await checkItem(deps, item, options())) });
      received += 1;
    }
    await adding.end();
  } catch (thrown) {
    // What had arrived counts. Where it could not be added, what was thrown may only be that the reading was stopped.
    const error = await adding.end().then(
      () => thrown,
      (failure: unknown) => failure,
    );
    if (error instanceof NoMoreTaken) return id;
    if (added === 0) {
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

async function waitForRoom(
  { admission, batches }: Pick<ApiDeps, 'admission' | 'batches'>,
  batch: string,
): Promise<void> {
  while (!(await admission.hasBatchRoom())) {
    if (!(await batches.touch(batch))) throw new NoMoreTaken();
    await delay(ROOM_CHECK_MS);
  }
}

function bytesOf(items: RowItem[]): number {
  return items.reduce((sum, item) => sum + ('image' in item ? item.image.length : 0), 0);
}
