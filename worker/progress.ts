/** What a job may take beside its two tries: the start of two children, on a machine that is busy. */
const MARGIN_MS = 15_000;

export interface ProgressOptions {
  concurrency: number;
  jobTimeoutMs: number;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

export type Progress = ReturnType<typeof createProgress>;

/**
 * Whether a worker gets on: each job that it holds ends in the time that two tries may take, and it takes another one
 * while one waits and a child of its is free.
 */
export function createProgress({
  concurrency,
  jobTimeoutMs,
  now = () => performance.now(),
}: ProgressOptions) {
  const limitMs = 2 * jobTimeoutMs + MARGIN_MS;
  /** When the jobs that run were begun. */
  const running = new Set<{ since: number }>();
  /** Since when jobs wait of which this worker could take one, and has taken none. */
  let idleSince: number | undefined;

  return {
    /** Says that a job is begun; returns what says that it has ended. */
    begin(): () => void {
      idleSince = undefined;
      const job = { since: now() };
      running.add(job);
      return () => running.delete(job);
    },

    /** Says whether jobs wait now; to be called every few seconds. */
    look(jobsWait: boolean): void {
      if (!jobsWait || running.size >= concurrency) idleSince = undefined;
      else idleSince ??= now();
    },

    /** Begins to count anew: while Redis was gone nothing could get on, and that is no fault of the worker. */
    restart(): void {
      idleSince = undefined;
      for (const job of running) job.since = now();
    },

    /** Why the worker does not get on; undefined where it does. */
    stuck(): string | undefined {
      const oldest = Math.min(...[...running].map(({ since }) => since));
      if (now() - oldest > limitMs) return `a job has run for more than ${limitMs / 1000} s`;
      if (idleSince !== undefined && now() - idleSince > limitMs) {
        return `it has taken none of the jobs that wait for more than ${limitMs / 1000} s`;
      }
      return undefined;
    },
  };
}
