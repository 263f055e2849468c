import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { run } from './run.ts';

/**
 * Finds out whether there is an engine. Without one these tests are skipped, except where one could be had: as root
 * on Debian.
 */
export default async function setUp(project: TestProject): Promise<void> {
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
}

declare module 'vitest' {
  export interface ProvidedContext {
    hasEngine: boolean;
  }
}
