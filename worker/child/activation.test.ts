import { expect, it } from 'vitest';
import type { Prediction } from '../../shared/prediction.ts';
import { classifyImage } from '../../test/classify-image.ts';
import { flattenGraph } from '../../test/onnx/flatten-graph.ts';
import { writeModelFolder } from '../../test/onnx/write-model-folder.ts';
import { draw } from '../../test/pictures/draw.ts';
import { loadModel } from '../model/load-model.ts';

/** Predictions of a model of one pixel whose scores are 0, 1 and 2; labels are not in the output's order in the file. */
async function predict(
  config: object,
  options: { topK?: number; minConfidence?: number } = {},
): Promise<Prediction[]> {
  const folder = writeModelFolder({
    graph: flattenGraph([1, 3, 1, 1]),
    config: { id2label: { '2': 'blue', '0': 'red', '1': 'green' }, ...config },
    preprocessor: { size: { height: 1, width: 1 }, do_normalize: false, do_rescale: false },
  });
  const image = await draw(3, 3, () => [0, 1, 2])
    .png()
    .toBuffer();
  const request = { image, model: 'tiny', topK: 5, minConfidence: 0, ...options };
  const outcome = await classifyImage(await loadModel(folder), request, 100);
  if (outcome.status === 'failed') throw new Error(outcome.detail);
  return outcome.predictions;
}

// e⁰, e¹ and e² over their sum, 11.107338.
const softmax = [
  { label: 'blue', confidence: 0.665241, index: 2 },
  { label: 'green', confidence: 0.244728, index: 1 },
  { label: 'red', confidence: 0.090031, index: 0 },
];

it.each([[{}], [{ problem_type: null }], [{ problem_type: 'single_label_classification' }]])(
  'shares one certainty among the labels with %j',
  async (config) => {
    expect(await predict(config)).toEqual(softmax);
  },
);

it('gives each label a certainty of its own with multi_label_classification', async () => {
  expect(await predict({ problem_type: 'multi_label_classification' })).toEqual([
    { label: 'blue', confidence: 0.880797, index: 2 },
    { label: 'green', confidence: 0.731059, index: 1 },
    { label: 'red', confidence: 0.5, index: 0 },
  ]);
});

it('gives the best top_k labels', async () => {
  expect(await predict({}, { topK: 1 })).toEqual(softmax.slice(0, 1));
});

it('leaves out what is below min_confidence', async () => {
  expect(await predict({}, { minConfidence: 0.2 })).toEqual(softmax.slice(0, 2));
});

it('gives no label where none reaches min_confidence', async () => {
  expect(await predict({}, { minConfidence: 0.7 })).toEqual([]);
});
