import type { Logger } from './logger.ts';

/**
 * Runs `stop` once, on the first SIGTERM or SIGINT, or when the process that started this one with an IPC channel
 * is gone; then exits: 0, or 1 where `stop` threw. `stop` bounds itself; a second signal ends the process at once.
 */
export function onShutdown(stop: () => Promise<void>, log: Logger): void {
  let stopping = false;
  const begin = (reason: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info(`stopping: ${reason}`);
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', begin);
  process.on('SIGINT', begin);
  process.once('disconnect', () => begin('the parent process is gone'));
}
