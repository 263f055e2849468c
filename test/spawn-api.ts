import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { listenOnce } from '../start/listen-once.ts';
import { memorySettings } from '../start/memory-settings.ts';

export interface SpawnedApi {
  url: string;
  process: ChildProcess;
  /** All that it has said so far, as JSON lines. */
  log: () => string;
  /** Ends it, with SIGKILL where nothing else is said. */
  end: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Starts the API as built, as a process of its own; resolves when it and its Redis answer. */
export async function spawnApi(env: Record<string, string>): Promise<SpawnedApi> {
  const port = await listenOnce('127.0.0.1', 0);
  const child = spawn(
    process.execPath,
    [...memorySettings.flags, fileURLToPath(new URL('../dist/api/main.js', import.meta.url))],
    {
      env: { PATH: process.env.PATH, PORT: `${port}`, ...memorySettings.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit');
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const end = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = performance.now() + 20_000; ; ) {
    const answers = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) return { url, process: child, log: () => log, end };
    if (child.exitCode !== null || performance.now() > deadline) {
      await end();
      throw new Error(`The API did not answer; its exit code is ${child.exitCode}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
