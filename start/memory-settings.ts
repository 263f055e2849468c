/**
 * How Node keeps the memory of the API and of a worker, on the command line and so for a worker's children too, and in
 * the environment.
 *
 * Images pass through as buffers, which are freed only when the heap's young part is collected: at 4 MiB of it the API
 * holds 120 MB under 16 clients instead of 150. And Node, which takes so little work for idleness, would keep the old
 * part as small as it can, and collect it for the buffers' sake ten times a second: let it double instead (trebled, it
 * held 25 MB more), and do not let it shrink while nothing is asked, or the first minute after that costs the API twice
 * as much for an image.
 *
 * Of glibc's memory one arena is enough, since nearly all is taken and freed by one thread: 10 MB less in each.
 */
export const memorySettings = {
  flags: ['--max-semi-space-size=4', '--heap-growing-percent=100', '--no-memory-reducer'],
  env: { MALLOC_ARENA_MAX: '1' },
};
