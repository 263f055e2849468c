import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { createLogger } from '../shared/logger.ts';
import type { Outcome } from '../shared/outcome.ts';
import { createChildPool } from '../worker/pool/child-pool.ts';
import { createWorkerMetrics } from '../worker/worker-metrics.ts';
import { silentFaults } from './silent-faults.ts';

const entry = fileURLToPath(new URL('./children/misbehaving-child.ts', import.meta.url));
const log = createLogger('test', 'silent');

/** A pool of children that do what the bytes say, with its metrics; it is closed when the test is over. */
export async function startPool(
  size: number,
  options: {
    timeoutMs?: number;
    modelsDir?: string;
    maxImages?: number;
    patienceMs?: number;
  } = {},
) {
  const metrics = createWorkerMetrics(async () => 'ok');
  const pool = await createChildPool(
    size,
    {
      entry,
      execArgv: ['--import', 'tsx'],
      settings: { modelsDir: options.modelsDir ?? 'models', maxImagePixels: 1 },
      timeoutMs: options.timeoutMs ?? 20_000,
      memoryLimitBytes: 300 * 2 ** 20,
      maxImages: options.maxImages ?? 10_000,
    },
    { log, faults: silentFaults, metrics },
    // A child's start takes seconds where other tests take the processor.
    options.patienceMs ?? 10_000,
  );
  onTestFinished(() => pool.close());
  return { ...pool, metrics };
}

export function request(text: string) {
  return { image: Buffer.from(text), model: 'm', topK: 1, minConfidence: 0 };
}

/** The process of the child that an image was given to. */
export function pidOf(outcome: Outcome): number {
  return outcome.status === 'succeeded' ? (outcome.predictions[0]?.confidence ?? 0) : 0;
}
