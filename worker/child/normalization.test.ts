import { expect, it } from 'vitest';
import { seeInput } from '../../test/onnx/see-input.ts';
import { type Colour, draw } from '../../test/pictures/draw.ts';

/** What a model of one pixel is given for a picture of one colour. */
async function see(colour: Colour, rules: object): Promise<number[]> {
  const picture = await draw(2, 2, () => colour)
    .png()
    .toBuffer();
  return seeInput(picture, { size: { height: 1, width: 1 }, ...rules }, { width: 1, height: 1 });
}

/** 0.2, 0.4 and 0.8 of 255. */
const colour: Colour = [51, 102, 204];

it('only rescales to 0…1 where do_normalize is false', async () => {
  expect(await see(colour, { do_normalize: false })).toEqual([0.2, 0.4, 0.8]);
});

it('rescales by rescale_factor', async () => {
  const rules = { do_normalize: false, rescale_factor: 1 / 51 };
  expect(await see(colour, rules)).toEqual([1, 2, 4]);
});

it('leaves the samples as they are where nothing is to be done', async () => {
  expect(await see([1, 2, 3], { do_normalize: false, do_rescale: false })).toEqual([1, 2, 3]);
});

it('takes the mean off each channel and divides by its deviation', async () => {
  const rules = { image_mean: [0.1, 0.2, 0.3], image_std: [0.1, 0.2, 0.5] };
  expect(await see(colour, rules)).toEqual([1, 1, 1]);
});

it('takes a single number for all channels', async () => {
  expect(await see(colour, { image_mean: 0.4, image_std: [0.2] })).toEqual([-1, 0, 2]);
});

it('brings 0…255 to −1…1 where mean and deviation are not given', async () => {
  expect(await see([0, 255, 51], {})).toEqual([-1, 1, -0.6]);
});

it('normalises samples from 0 to 255 where do_rescale is false', async () => {
  const rules = { do_rescale: false, image_mean: [127, 127, 127], image_std: [128, 64, 1] };
  expect(await see([255, 63, 128], rules)).toEqual([1, -1, 1]);
});

it('takes one off the rescaled samples where rescale_offset is set', async () => {
  const rules = { do_normalize: false, rescale_offset: true, rescale_factor: 1 / 127.5 };
  expect(await see(colour, rules)).toEqual([-0.6, -0.2, 0.6]);
});

it('divides by the deviation once more where include_top is set, as EfficientNet does', async () => {
  const rules = { include_top: true, image_mean: 0.3, image_std: 0.5 };
  expect(await see(colour, rules)).toEqual([-0.4, 0.4, 2]);
});
