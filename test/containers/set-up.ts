import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { docker, run } from './run.ts';

/**
 * Finds out whether there is an engine. Without one these tests are skipped, except where one could be had: as root
 * on Debian. At the end nothing of theirs may be left on it, however they ended. One run at a time on an engine.
 */
export default async function setUp(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const missing = await run('docker', ['info'])
    .then(() => run('docker-compose', ['version']))
    .then(
      () => undefined,
      (error: Error) => error.message,
    );
  if (missing && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    throw new Error('Expected a container engine and docker-compose.', { cause: missing });
  }
  if (missing) console.log(`Skipped, because there is no container engine: ${missing}`);
  project.provide('hasEngine', !missing);
  return missing ? undefined : removeLeftovers;
}

/** Removes what bears the name of a test, and throws where there was anything. */
async function removeLeftovers(): Promise<void> {
  const named = ['--filter', 'name=darkroom-test'];
  const leftovers: string[] = [];
  for (const [list, remove] of [
    [
      ['container', 'ls', '--all', '--format={{.Names}}', ...named],
      ['container', 'rm', '--force', '--volumes'],
    ],
    [
      ['network', 'ls', '--format={{.Name}}', ...named],
      ['network', 'rm'],
    ],
    [
      ['volume', 'ls', '--format={{.Name}}', ...named],
      ['volume', 'rm'],
    ],
    [
      ['image', 'ls', '--format={{.Repository}}', '--filter=reference=darkroom-test*'],
      ['image', 'rm', '--force'],
    ],
  ] as const) {
    const names = (await docker(...list)).split('\n').filter(Boolean);
    if (names.length > 0) await docker(...remove, ...names);
    leftovers.push(...names);
  }
  if (leftovers.length > 0) throw new Error(`The tests left ${leftovers.join(', ')}.`);
}

declare module 'vitest' {
  export interface ProvidedContext {
    hasEngine: boolean;
  }
}
