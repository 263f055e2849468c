import { type Logger, pino } from 'pino';

export type { Logger };

/** As pino numbers its levels. */
const WARN = 40;
/** A line waits so long for others, in milliseconds, or until there are so many bytes: a write for each is dear. */
const FLUSH_MS = 100;
const FLUSH_BYTES = 4096;

/**
 * JSON lines on stdout, in order; a warning at once, and what waits when the process exits. Image bytes, keys and
 * authorization headers are never passed to it.
 */
export function createLogger(name: string, level: string): Logger {
  const stdout = pino.destination({ sync: true, minLength: FLUSH_BYTES, periodicFlush: FLUSH_MS });
  process.once('exit', () => stdout.flushSync());
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(args, method, level) {
          method.apply(this, args);
          if (level >= WARN) stdout.flushSync();
        },
      },
    },
    stdout,
  );
}
