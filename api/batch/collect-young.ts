import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of buffers after which the young part of the heap is collected. */
const BYTES_BETWEEN = 8 * 2 ** 20;

setFlagsFromString('--expose-gc');
const gc: (options: { type: 'minor' }) => void = runInNewContext('gc');
setFlagsFromString('--no-expose-gc');

/**
 * V8 frees a buffer when its part of the heap is collected. A zip on its way to the disk and back is megabytes of
 * buffers with hardly an object beside, so that the young part, which takes a millisecond or two, is not due for long.
 * Instead V8 begins, each 20 MB or so, to collect the whole heap for their sake, which takes 30: a quarter of what an
 * image of a zip cost the API.
 */
export function collectYoung(): (newBytes: number) => void {
  let bytes = 0;
  return (newBytes) => {
    bytes += newBytes;
    if (bytes < BYTES_BETWEEN) return;
    bytes = 0;
    gc({ type: 'minor' });
  };
}
