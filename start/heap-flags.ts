/**
 * How Node keeps the heap of the API and of a worker, on the command line and so for a worker's children too.
 *
 * Images pass through as buffers, which are freed only when the heap's young part is collected: at 4 MiB of it the API
 * holds 120 MB under 16 clients instead of 150. And Node, which takes so little work for idleness, would keep the old
 * part as small as it can, and collect it for the buffers' sake ten times a second: let it treble instead, and do not
 * let it shrink while nothing is asked, or the first minute after that costs the API twice as much for an image.
 */
export const heapFlags = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=200',
  '--no-memory-reducer',
];
