import { env } from 'onnxruntime-node';
import { findModelFolders } from '../model/find-model-folders.ts';
import { loadModel } from '../model/load-model.ts';
import { ModelFolderError } from '../model/model-folder-error.ts';
import { classifyImage } from './classify-image.ts';
import { openImageLoaders } from './image-loaders.ts';
import { receiveRequest } from './image-pipe.ts';
import type { ChildAnswer, ChildMessage, ChildSettings } from './protocol.ts';

process.title = 'darkroom-worker-child';
// A terminal's Ctrl-C and a container's stop reach every process; the worker ends its children when they are done.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));

// A worker that is gone hears no answer, and this process ends with it.
const send = (answer: ChildAnswer) => process.send?.(answer, () => undefined);
const { modelsDir, maxImagePixels }: ChildSettings = JSON.parse(process.argv[2] ?? '{}');

openImageLoaders();
// Its warnings, as of a machine without a GPU, would stand between the log's JSON lines.
env.logLevel = 'error';
try {
  const folders = await findModelFolders(modelsDir);
  const loaded = await Promise.all(folders.map(loadModel));
  const models = new Map(loaded.map((one) => [one.model.name, one]));
  process.on('message', async (message: ChildMessage) => {
    const request = receiveRequest(message);
    try {
      const model = models.get(request.model);
      if (!model) throw new Error(`The model ${request.model} is not loaded.`);
      send({ type: 'outcome', outcome: await classifyImage(model, request, maxImagePixels) });
    } catch (error) {
      send({ type: 'threw', stack: (error instanceof Error && error.stack) || String(error) });
    }
  });
  send({
    type: 'ready',
    models: loaded.map(({ model: { name, task, sha256, labels, input } }) => ({
      name,
      task,
      sha256,
      labels,
      input,
    })),
  });
} catch (error) {
  if (!(error instanceof ModelFolderError)) throw error;
  const answer: ChildAnswer = { type: 'unusable', reason: error.message };
  // Nothing more comes of this process; its end must not hang on the worker's.
  process.send?.(answer, () => process.disconnect());
}
