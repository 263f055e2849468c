import { readFileSync } from 'node:fs';
import { classifyImages } from '../worker/child/classify-images.ts';
import { loadModel } from '../worker/model/load-model.ts';
import type { Step } from '../worker/model/step.ts';

/**
 * A process that does nothing but decode and infer, with the child's own code: the most that a core can give. Told a
 * number of seconds by its parent, it classifies pictures, `group` at once, and answers with how many.
 */
const settings: { modelFolder: string; files: string[]; group: number } = JSON.parse(
  process.argv[2] ?? '{}',
);
const { modelFolder, files, group } = settings;
const model = await loadModel(modelFolder);
const requests = files.map((file) => ({
  image: readFileSync(file),
  model: model.model.name,
  topK: 5,
  minConfidence: 0,
}));

let next = 0;
process.on('message', async ({ seconds }: { seconds: number }) => {
  const startedAt = performance.now();
  const deadline = startedAt + seconds * 1000;
  const stepsMs: Record<string, number> = {};
  let images = 0;
  let cpuMs = usedCpuMs();
  const mark = (ended: Step) => {
    const before = cpuMs;
    cpuMs = usedCpuMs();
    stepsMs[ended] = (stepsMs[ended] ?? 0) + cpuMs - before;
  };
  for (; performance.now() < deadline; images += group) {
    const answers = await classifyImages(model, nextGroup(), 50_000_000, mark);
    const failed = answers.find((one) => 'threw' in one || one.outcome.status !== 'succeeded');
    if (failed) throw new Error(`A picture came to ${JSON.stringify(failed)}.`);
  }
  process.send?.({ images, seconds: (performance.now() - startedAt) / 1000, stepsMs });
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

function nextGroup() {
  return Array.from({ length: group }, () => {
    const request = requests[next++ % requests.length];
    if (!request) throw new Error('Expected at least one picture but received none.');
    return request;
  });
}

/** CPU rather than time: a measurement on a machine that does something else is then as good. */
function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
