import { readFileSync } from 'node:fs';
import type { Job } from '../../shared/job.ts';
import type { Prediction } from '../../shared/prediction.ts';

const names = ['astronaut', 'chelsea', 'coffee', 'rocket'] as const;
export type Name = (typeof names)[number];
/** The one that stands at an index, of pictures that take turns. */
export const nameOf = (index: number): Name => names[index % names.length] ?? 'rocket';

const reference: Record<string, Record<string, Prediction[]>> = JSON.parse(
  readFileSync('test/pictures/reference.json', 'utf8'),
);

/** The reference's first label, or either of its first two where they are so near that decoders differ. */
export function isRight(name: Name, job: Job | undefined): boolean {
  const [first, second] = reference['efficientnet-lite0-int8']?.[`${name}.jpg`] ?? [];
  if (!first || !second) throw new Error(`The reference has no two predictions of ${name}.`);
  const labels = [first, ...(first.confidence - second.confidence < 0.05 ? [second] : [])];
  return labels.some(({ label }) => label === job?.predictions?.[0]?.label);
}
