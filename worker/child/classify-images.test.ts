import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { classifyImage } from '../../test/classify-image.ts';
import { flattenGraph } from '../../test/onnx/flatten-graph.ts';
import { writeModelFolder } from '../../test/onnx/write-model-folder.ts';
import { draw } from '../../test/pictures/draw.ts';
import { type LoadedModel, loadModel } from '../model/load-model.ts';
import { classifyImages } from './classify-images.ts';
import type { ImageAnswer } from './protocol.ts';

const folder = join('test', 'pictures');
const pictures = readdirSync(folder)
  .filter((name) => /\.(jpe?g|png|webp)$/.test(name))
  .map((name) => readFileSync(join(folder, name)));

const requestsFor = (images: Uint8Array[], topK = 5) =>
  images.map((image) => ({ image, model: 'any', topK, minConfidence: 0 }));

async function aloneAndTogether(model: LoadedModel, images: Uint8Array[]) {
  const requests = requestsFor(images);
  const alone = [];
  for (const request of requests) alone.push(await classifyImage(model, request, 50_000_000));
  return { alone, together: await classifyImages(model, requests, 50_000_000) };
}

const predictionsOf = (answer: ImageAnswer | undefined) =>
  answer && 'outcome' in answer && answer.outcome.status === 'succeeded'
    ? answer.outcome.predictions
    : undefined;

for (const name of ['efficientnet-lite0', 'efficientnet-lite0-int8']) {
  test(`the pictures of a group have the predictions of ${name} that they have alone`, async () => {
    const model = await loadModel(join('models', name));
    const { alone, together } = await aloneAndTogether(model, pictures);
    expect(together.map(predictionsOf)).toEqual(alone.map((outcome) => predictionsOf({ outcome })));
    expect(new Set(together.map((one) => predictionsOf(one)?.[0]?.label)).size).toBeGreaterThan(3);
  });
}

test.each([
  ['takes one picture only', flattenGraph([1, 3, 2, 2])],
  [
    'would mix those that it is given together',
    {
      ...flattenGraph(['batch', 3, 2, 2]),
      nodes: [
        { op: 'ReduceMean', inputs: ['pixel_values'], outputs: ['mean'] },
        { op: 'Mul', inputs: ['pixel_values', 'mean'], outputs: ['product'] },
        { op: 'Flatten', inputs: ['product'], outputs: ['logits'] },
      ],
    },
  ],
])('a graph that %s is given them one after the other', async (_what, graph) => {
  const model = await loadModel(writeModelFolder({ graph }));
  const images = await Promise.all(
    [10, 90, 200].map((red) =>
      draw(2, 2, (x, y) => [red, 40 * x, 90 * y])
        .png()
        .toBuffer(),
    ),
  );
  const { alone, together } = await aloneAndTogether(model, images);
  expect(together.map(predictionsOf)).toEqual(alone.map((outcome) => predictionsOf({ outcome })));
});

test('an image of a group that cannot be decoded fails by itself, and each has what it was asked for', async () => {
  const model = await loadModel(join('models', 'efficientnet-lite0-int8'));
  const [first = Buffer.of(), second = Buffer.of()] = pictures;
  const requests = requestsFor([first, first.subarray(0, 700), Buffer.from('no image'), second]);
  const wanted = requests.map((request, index) => ({ ...request, topK: index + 1 }));
  expect(await classifyImages(model, wanted, 50_000_000)).toMatchObject([
    { outcome: { status: 'succeeded', predictions: { length: 1 } } },
    { outcome: { status: 'failed', code: 'undecodable_image' } },
    { outcome: { status: 'failed', code: 'not_an_image' } },
    { outcome: { status: 'succeeded', predictions: { length: 4 } } },
  ]);
});

test('what is thrown over one image of a group is no answer of the others', async () => {
  const model = await loadModel(join('models', 'efficientnet-lite0-int8'));
  let count = 0;
  const put: LoadedModel['put'] = (pixels, place) => {
    count += 1;
    if (count === 2) throw new Error('the second');
    model.put(pixels, place);
  };
  const requests = requestsFor(pictures.slice(0, 3));
  const [first, second, third] = await classifyImages({ ...model, put }, requests, 50_000_000);
  expect(second).toMatchObject({ threw: expect.stringContaining('the second') });
  const alone = await classifyImages(model, requests, 50_000_000);
  expect([first, third].map(predictionsOf)).toEqual([alone[0], alone[2]].map(predictionsOf));
});
