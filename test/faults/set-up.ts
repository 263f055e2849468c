import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { tableOf } from './fault-rows.ts';

/** Gathers a row of each fault, and prints them as a table when all have run. */
export default function setUp(project: TestProject): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-faults-'));
  const file = join(dir, 'rows.jsonl');
  writeFileSync(file, '');
  project.provide('faultRows', file);
  return () => {
    console.log(`\n${tableOf(file)}\n`);
    rmSync(dir, { recursive: true });
  };
}

declare module 'vitest' {
  export interface ProvidedContext {
    faultRows: string;
  }
}
