import type { BatchRow } from '../../shared/batch-record.ts';
import type { ImageItem } from '../../shared/batch-store.ts';
import type { ApiDeps } from '../route.ts';
import type { CheckedItem } from './check-item.ts';

/** The batch takes no more, since it was canceled. */
export class NoMoreTaken extends Error {}

export type RowItem = { row: BatchRow } & CheckedItem;

/** Adds items to a batch in their order: images at once, up to the next item that is none. Throws NoMoreTaken. */
export async function addItems(
  { batches, feed, metrics }: Pick<ApiDeps, 'batches' | 'feed' | 'metrics'>,
  batch: string,
  owner: string,
  items: RowItem[],
): Promise<void> {
  const addImages = async (images: ImageItem[]) => {
    const answer = await batches.addItems(batch, owner, images);
    if (answer.taken) metrics.accepted('batch', images.length);
    return answer;
  };
  const addFailed = async ({ row, ...failed }: Exclude<RowItem, ImageItem>) => {
    metrics.refused(failed.code);
    const taken = await batches.addFailedItem(batch, row, { owner, ...failed });
    return { taken, feedIsLow: false };
  };
  const answers = await Promise.all(
    runsOf(items).map((run) => (Array.isArray(run) ? addImages(run) : addFailed(run))),
  );
  if (answers.some(({ taken }) => !taken)) throw new NoMoreTaken();
  if (answers.some(({ feedIsLow }) => feedIsLow)) await feed.feed();
}

/** Images that follow each other, together, and each other item alone. */
function runsOf(items: RowItem[]): (ImageItem[] | Exclude<RowItem, ImageItem>)[] {
  const runs: (ImageItem[] | Exclude<RowItem, ImageItem>)[] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (!('image' in item)) runs.push(item);
    else if (Array.isArray(last)) last.push(item);
    else runs.push([item]);
  }
  return runs;
}
