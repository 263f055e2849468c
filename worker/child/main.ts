import { env } from 'onnxruntime-node';
import { findModelFolders } from '../model/find-model-folders.ts';
import { loadModel } from '../model/load-model.ts';
import { ModelFolderError } from '../model/model-folder-error.ts';
import { classifyImages } from './classify-images.ts';
import { receiveGroups } from './image-pipe.ts';
import type { ChildAnswer, ChildSettings } from './protocol.ts';

process.title = 'darkroom-worker-child';
// A terminal's Ctrl-C and a container's stop reach every process; the worker ends its children when they are done.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

/**
 * Resolves when the answer is written: nothing more of it would be while this process waits for the next group. A worker
 * that is gone hears none, and this process ends with it.
 */
const send = (answer: ChildAnswer) =>
  new Promise<void>((resolve) => {
    process.send?.(answer, () => resolve());
  });
const { modelsDir, maxImagePixels }: ChildSettings = JSON.parse(process.argv[2] ?? '{}');

// Its warnings, as of a machine without a GPU, would stand between the log's JSON lines.
env.logLevel = 'error';
try {
  const folders = await findModelFolders(modelsDir);
  const loaded = await Promise.all(folders.map(loadModel));
  const models = new Map(loaded.map((one) => [one.model.name, one]));
  await send({
    type: 'ready',
    models: loaded.map(({ model: { name, task, sha256, labels, input } }) => ({
      name,
      task,
      sha256,
      labels,
      input,
    })),
  });
  for (const { model: name, requests } of receiveGroups()) {
    const model = models.get(name);
    const answers = model
      ? await classifyImages(model, requests, maxImagePixels)
      : [...requests].map(() => ({ threw: `The model ${name} is not loaded.` }));
    await send({ type: 'answers', answers });
  }
} catch (error) {
  if (!(error instanceof ModelFolderError)) throw error;
  await send({ type: 'unusable', reason: error.message });
  // Nothing more comes of this process; its end must not hang on the worker's.
  process.disconnect();
}
