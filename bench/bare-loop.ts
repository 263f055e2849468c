import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { classifyImage } from '../worker/child/classify-image.ts';
import { openImageLoaders } from '../worker/child/image-loaders.ts';
import { loadModel } from '../worker/model/load-model.ts';

/**
 * A process that does nothing but decode and infer, with the child's own code: the most that a core can give. Told a
 * number by its parent, it classifies so many pictures, one after the other, and answers with the milliseconds.
 */
const { modelFolder, pictures }: { modelFolder: string; pictures: string[] } = JSON.parse(
  process.argv[2] ?? '{}',
);
openImageLoaders();
const model = await loadModel(modelFolder);
const images = pictures.map((file) => readFileSync(file));
process.send?.('ready');
for (;;) {
  const [count] = (await once(process, 'message')) as [number];
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) {
    const image = images[index % images.length];
    if (!image) throw new Error('There are no pictures.');
    const request = { image, model: model.model.name, topK: 5, minConfidence: 0 };
    const { status } = await classifyImage(model, request, 50_000_000);
    if (status !== 'succeeded') throw new Error(`A picture came out as ${status}.`);
  }
  process.send?.(performance.now() - startedAt);
}
