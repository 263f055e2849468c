import { describe, expect, it } from 'vitest';
import { parsePreprocessing } from './preprocessing.ts';

/** What became of resize, crop and filter, in one line. */
function steps(json: object): string {
  const { resize, crop, kernel } = parsePreprocessing('preprocessor_config.json', { ...json });
  const size = resize?.kind === 'exact' ? `${resize.width}×${resize.height}` : resize?.edge;
  return `${size}, ${crop ? `${crop.width}×${crop.height}` : 'all'}, ${kernel}`;
}

/** What black and white become in the red channel. */
function range(json: object): [number, number] {
  const { scale, shift } = parsePreprocessing('preprocessor_config.json', { ...json });
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return [round(shift[0] ?? 0), round((shift[0] ?? 0) + 255 * (scale[0] ?? 0))];
}

// Each line was compared with the tensors of transformers 4.57.6, over four pictures: 0.3 of 255 apart on average where
// a picture is made smaller, and equal to a rounding where it is made larger.
describe('a file that names only its type means what transformers means by it', () => {
  const half: [number, number] = [-1, 1];
  const imagenet: [number, number] = [-2.118, 2.249];
  const clip: [number, number] = [-1.792, 1.93];

  it.each<[string, string, [number, number]]>([
    ['ViTImageProcessor', '224×224, all, linear', half],
    ['ViTImageProcessorFast', '224×224, all, linear', half],
    ['ViTFeatureExtractor', '224×224, all, linear', half],
    ['DeiTImageProcessor', '256×256, 224×224, cubic', half],
    ['BeitImageProcessor', '256×256, 224×224, cubic', half],
    ['SiglipImageProcessor', '224×224, all, cubic', half],
    ['PvtImageProcessor', '224×224, all, linear', imagenet],
    ['SegformerImageProcessor', '512×512, all, linear', imagenet],
    ['EfficientNetImageProcessor', '346×346, all, nearest', [-2, 2]],
    ['CLIPImageProcessor', '224, 224×224, cubic', clip],
    ['BitImageProcessor', '224, 224×224, cubic', clip],
    ['ViTHybridImageProcessor', '224, 224×224, cubic', clip],
    ['EfficientFormerImageProcessor', '224×224, 224×224, cubic', imagenet],
    ['ConvNextImageProcessor', '384×384, all, linear', half],
    ['PoolFormerImageProcessor', '248, 224×224, cubic', imagenet],
    ['LevitImageProcessor', '256, 224×224, cubic', imagenet],
    ['MobileNetV1ImageProcessor', '256, 224×224, linear', half],
    ['MobileNetV2ImageProcessor', '256, 224×224, linear', half],
    ['MobileViTImageProcessor', '224, 256×256, linear', [0, 1]],
  ])('%s', (image_processor_type, expectedSteps, expectedRange) => {
    expect(steps({ image_processor_type })).toBe(expectedSteps);
    expect(range({ image_processor_type })).toEqual(expectedRange);
  });
});

describe('a number as size', () => {
  const size = 300;

  it.each([
    [
      'both edges for ViT',
      { size, feature_extractor_type: 'ViTFeatureExtractor' },
      '300×300, all, linear',
    ],
    [
      'the shorter edge for CLIP',
      { size, image_processor_type: 'CLIPImageProcessor' },
      '300, 224×224, cubic',
    ],
    [
      'both edges for DeiT, also before a crop',
      { size, image_processor_type: 'DeiTImageProcessor' },
      '300×300, 224×224, cubic',
    ],
    [
      'what crop_pct enlarges for ResNet',
      { size: 224, crop_pct: 0.875, feature_extractor_type: 'ConvNextFeatureExtractor' },
      '256, 224×224, linear',
    ],
    ['both edges without a type', { size }, '300×300, all, linear'],
    [
      'the shorter edge before a crop without a type',
      { size, crop_size: 224 },
      '300, 224×224, linear',
    ],
    [
      'what default_to_square says',
      { size, crop_size: 224, default_to_square: true },
      '300×300, 224×224, linear',
    ],
  ])('is %s', (_, json, expected) => {
    expect(steps(json)).toBe(expected);
  });
});

it('takes a field that is null for one that is not given', () => {
  const json = {
    image_processor_type: 'ViTImageProcessorFast',
    crop_size: null,
    do_center_crop: null,
    crop_pct: null,
    image_mean: null,
    size: { height: 224, width: 224, shortest_edge: null },
  };
  expect(steps(json)).toBe('224×224, all, linear');
  expect(range(json)).toEqual([-1, 1]);
});

it('normalises for EfficientNet twice over, as its processor does', () => {
  const json = {
    image_processor_type: 'EfficientNetImageProcessor',
    image_mean: 0.5,
    image_std: 0.25,
  };
  expect(range(json)).toEqual([-8, 8]);
  expect(range({ ...json, include_top: false })).toEqual([-2, 2]);
});

it('puts MobileViT’s channels in reverse, as its processor does', () => {
  const { channels } = parsePreprocessing('', { image_processor_type: 'MobileViTImageProcessor' });
  expect(channels).toEqual([2, 1, 0]);
});
