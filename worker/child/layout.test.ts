import { expect, it } from 'vitest';
import { flattenGraph } from '../../test/onnx/flatten-graph.ts';
import { seeScores } from '../../test/onnx/see-input.ts';
import { type Colour, draw } from '../../test/pictures/draw.ts';

/** Samples from 0 to 1, and nothing else done. */
const plain = { do_resize: false, crop_size: 2, do_normalize: false };

/** Red and green above blue and white. */
const colours: Colour[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];
const picture = await draw(2, 2, (x, y) => colours[2 * y + x] ?? [0, 0, 0])
  .png()
  .toBuffer();

const red = [1, 0, 0, 1];
const green = [0, 1, 0, 1];
const blue = [0, 0, 1, 1];
const byPixel = [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1];

it.each([
  ['the second dimension is 3', ['batch', 3, 2, 2]],
  ['every dimension is dynamic', ['batch_size', 'num_channels', 'height', 'width']],
  ['no dimension has a name that tells', ['a', 'b', 'c', 'd']],
])('puts the channels first where %s', async (_, dims) => {
  const scores = await seeScores(picture, plain, flattenGraph(dims), 12);
  expect(scores).toEqual([...red, ...green, ...blue]);
});

it.each([
  ['the last dimension is 3', [1, 2, 2, 3]],
  ['the last dimension is dynamic and named for the channels', ['n', 'h', 'w', 'channels']],
  ['only the last dimension can be the channels', ['n', 2, 2, 'c']],
])('puts the channels last where %s', async (_, dims) => {
  expect(await seeScores(picture, plain, flattenGraph(dims), 12)).toEqual(byPixel);
});

it('begins with blue where do_flip_channel_order is set', async () => {
  const flipped = { ...plain, do_flip_channel_order: true };
  const scores = await seeScores(picture, flipped, flattenGraph(['n', 3, 2, 2]), 12);
  expect(scores).toEqual([...blue, ...green, ...red]);
});
