import type { Outcome } from '../../shared/outcome.ts';
import type { Casualty, ChildOptions } from './child.ts';

/** What is said of an image under which two children were lost. */
export function lostOutcome(casualty: Casualty, options: ChildOptions): Outcome {
  switch (casualty) {
    case 'crashed':
      return {
        status: 'failed',
        code: 'image_crashed',
        detail:
          'Expected an image that can be opened, but the process that opened it ended each time.',
      };
    case 'timed_out':
      return {
        status: 'failed',
        code: 'image_timed_out',
        detail: `Expected an image that takes at most ${options.timeoutMs / 1000} seconds, but it took longer, twice.`,
      };
    case 'out_of_memory':
      return {
        status: 'failed',
        code: 'image_out_of_memory',
        detail: `Expected an image that takes at most ${options.memoryLimitBytes} bytes of memory, but it took more, twice.`,
      };
  }
}
