import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { memorySettings } from './memory-settings.ts';

/**
 * Starts the API or the worker: as built, or from its source with a reload on every change.
 * In a group of its own, so that Ctrl-C reaches only the supervisor, which knows the order in which to stop.
 */
export function spawnService(
  name: 'api' | 'worker',
  { env, watch }: { env: NodeJS.ProcessEnv; watch: boolean },
): ChildProcess {
  const command = watch
    ? [
        '--import',
        here('./end-with-parent.mjs'),
        tsx(),
        'watch',
        '--clear-screen=false',
        here(`../${name}/main.ts`),
      ]
    : [...memorySettings.flags, here(`../${name}/main.js`)];
  return spawn(process.execPath, command, {
    env: { ...memorySettings.env, ...env },
    detached: true,
    // By the closed channel it learns that the supervisor is gone, however that ended.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const tsx = () => fileURLToPath(import.meta.resolve('tsx/cli'));
