import { env } from 'onnxruntime-node';
import { findModelFolders } from '../model/find-model-folders.ts';
import { loadModel } from '../model/load-model.ts';
import { ModelFolderError } from '../model/model-folder-error.ts';
import { classifyImages } from './classify-images.ts';
import { receiveGroup } from './image-pipe.ts';
import type { ChildAnswer, ChildMessage, ChildSettings } from './protocol.ts';

process.title = 'darkroom-worker-child';
// A terminal's Ctrl-C and a container's stop reach every process; the worker ends its children when they are done.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));

// A worker that is gone hears no answer, and this process ends with it.
const send = (answer: ChildAnswer) => process.send?.(answer, () => undefined);
const { modelsDir, maxImagePixels }: ChildSettings = JSON.parse(process.argv[2] ?? '{}');

// Its warnings, as of a machine without a GPU, would stand between the log's JSON lines.
env.logLevel = 'error';
try {
  const folders = await findModelFolders(modelsDir);
  const loaded = await Promise.all(folders.map(loadModel));
  const models = new Map(loaded.map((one) => [one.model.name, one]));
  process.on('message', async (message: ChildMessage) => {
    const requests = receiveGroup(message);
    const model = models.get(message.model);
    const answers = model
      ? await classifyImages(model, requests, maxImagePixels)
      : [...requests].map(() => ({ threw: `The model ${message.model} is not loaded.` }));
    send({ type: 'answers', answers });
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
