import { type Logger, pino } from 'pino';

export type { Logger };

/** JSON lines on stdout. Image bytes, keys and authorization headers are never passed to it. */
export function createLogger(name: string, level: string): Logger {
  return pino({
    name,
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
