import type { WriteStream } from 'node:tty';
import { filledWidth, progressText } from './progress-text.ts';
import { createSpeed } from './speed.ts';

const TICK_MS = 250;
/** Without a terminal a line says how far it is, so often. */
const LINE_MS = 10_000;
const BAR_WIDTH = 24;
const CLEAR = '\r\x1b[K';

export type Progress = ReturnType<typeof createProgress>;

/**
 * Says on stderr how far it is: in a terminal by a bar that is drawn anew in place, elsewhere by a line now and then.
 * What else is written to the same terminal calls `clear` before, or it would stand behind the bar.
 */
export function createProgress(
  stderr: WriteStream,
  { total, isDumb }: { total: number; isDumb: boolean },
) {
  const begunAt = performance.now();
  const speed = createSpeed();
  const state = { total, done: 0, failed: 0 };
  const hasBar = stderr.isTTY && !isDumb;
  let isDrawn = false;

  const clear = () => {
    if (isDrawn) stderr.write(CLEAR);
    isDrawn = false;
  };
  const tick = () => {
    speed.note(state.done);
    if (hasBar) stderr.write(CLEAR + barLine(stderr, state, speed.perSecond()));
    else stderr.write(`${progressText(state, speed.perSecond())}\n`);
    isDrawn = hasBar;
  };
  speed.note(0);
  if (hasBar) tick();
  const timer = setInterval(tick, hasBar ? TICK_MS : LINE_MS).unref();

  return {
    clear,

    /** So many more are final, and so many of them were not classified. */
    add(more: number, failed: number): void {
      state.done += more;
      state.failed += failed;
    },

    /** One that is not to be done at all. */
    skip(): void {
      state.total -= 1;
    },

    note(text: string): void {
      clear();
      stderr.write(`${text}\n`);
    },

    /** Ends it; the seconds that it took. */
    end(): number {
      clearInterval(timer);
      clear();
      return (performance.now() - begunAt) / 1000;
    },
  };
}

/** Cut to the terminal's width: a line that wraps is not drawn over. `hasColors` respects NO_COLOR. */
function barLine(
  stream: WriteStream,
  state: Parameters<typeof progressText>[0],
  perSecond: number | undefined,
): string {
  const filled = filledWidth(state, BAR_WIDTH);
  const [full, empty] = ['#'.repeat(filled), '-'.repeat(BAR_WIDTH - filled)];
  const text = progressText(state, perSecond).slice(0, Math.max(0, stream.columns - BAR_WIDTH - 4));
  return `[${stream.hasColors() ? `\x1b[32m${full}\x1b[0m` : full}${empty}] ${text}`;
}
