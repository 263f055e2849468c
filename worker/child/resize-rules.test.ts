import { describe, expect, it } from 'vitest';
import { averageGraph } from '../../test/onnx/average-graph.ts';
import { seeInput, seeScores } from '../../test/onnx/see-input.ts';
import { draw } from '../../test/pictures/draw.ts';

/** Samples from 0 to 1, each from the nearest pixel: what is seen is what was drawn. */
const plain = { do_normalize: false, resample: 0 };

/** Four upright stripes of a quarter of the width each, of red 0, 0.2, 0.4 and 0.6. */
function stripes(width: number, height: number): Promise<Buffer> {
  return draw(width, height, (x) => [51 * Math.floor((4 * x) / width), 0, 0])
    .png()
    .toBuffer();
}

/** The first line's red samples. */
async function seeStripes(
  picture: Buffer,
  rule: object,
  size: { width: number; height: number },
): Promise<number[]> {
  return (await seeInput(picture, { ...plain, ...rule }, size)).slice(0, size.width);
}

describe('resizing', () => {
  it('brings the shorter edge to a number as size, before a crop', async () => {
    // 8 × 4 becomes 4 × 2, a column a stripe; the middle two are cut out.
    const rule = { size: 2, do_center_crop: true, crop_size: 2 };
    expect(await seeStripes(await stripes(8, 4), rule, { width: 2, height: 2 })).toEqual([
      0.2, 0.4,
    ]);
  });

  it('squeezes the picture into a number as size, without a crop', async () => {
    // 8 × 4 becomes 2 × 2: the pixels nearest to the middles are columns 2 and 6.
    const rule = { size: 2 };
    expect(await seeStripes(await stripes(8, 4), rule, { width: 2, height: 2 })).toEqual([
      0.2, 0.6,
    ]);
  });

  it('brings the shorter edge to shortest_edge', async () => {
    const rule = { size: { shortest_edge: 2 }, crop_size: { height: 2, width: 2 } };
    expect(await seeStripes(await stripes(8, 4), rule, { width: 2, height: 2 })).toEqual([
      0.2, 0.4,
    ]);
  });

  it('brings an upright picture’s width to shortest_edge', async () => {
    // 4 × 8 becomes 4 × 8: a column a stripe, and of the lines the middle four.
    const rule = { size: { shortest_edge: 4 }, crop_size: 4 };
    const seen = await seeStripes(await stripes(4, 8), rule, { width: 4, height: 4 });
    expect(seen).toEqual([0, 0.2, 0.4, 0.6]);
  });

  it('goes below shortest_edge where the other edge would pass longest_edge', async () => {
    // 8 × 4 would become 4 × 2, so it becomes 3 × 1: columns 1, 4 and 6.
    const rule = {
      size: { shortest_edge: 2, longest_edge: 3 },
      crop_size: { height: 1, width: 3 },
    };
    const seen = await seeStripes(await stripes(8, 4), rule, { width: 3, height: 1 });
    expect(seen).toEqual([0, 0.4, 0.6]);
  });

  it.each([[{ height: 2, width: 4 }], [[2, 4]]])('makes it exactly %j', async (size) => {
    const seen = await seeStripes(await stripes(8, 8), { size }, { width: 4, height: 2 });
    expect(seen).toEqual([0, 0.2, 0.4, 0.6]);
  });

  it('resizes to size ÷ crop_pct and crops to size below 384', async () => {
    // 16 × 8 becomes 8 × 4, two columns a stripe; the middle two are cut out.
    const rule = { size: { shortest_edge: 2 }, crop_pct: 0.5 };
    expect(await seeStripes(await stripes(16, 8), rule, { width: 2, height: 2 })).toEqual([
      0.2, 0.4,
    ]);
  });

  it('crops to crop_size after crop_pct where there is one', async () => {
    // 16 × 8 becomes 8 × 4, of which the middle four columns are cut out.
    const rule = { size: 2, crop_pct: 0.5, do_center_crop: true, crop_size: 4 };
    const seen = await seeStripes(await stripes(16, 8), rule, { width: 4, height: 4 });
    expect(seen).toEqual([0.2, 0.2, 0.4, 0.4]);
  });

  it('squeezes the picture into size where crop_pct stands beside a size from 384 on', async () => {
    // The red quarter on the left and the green one on the right are seen whole; a crop would miss most of them.
    const rule = { ...plain, size: { shortest_edge: 384 }, crop_pct: 0.875 };
    const picture = await draw(768, 400, (x) => [x < 192 ? 255 : 0, x >= 576 ? 255 : 0, 255])
      .png()
      .toBuffer();
    const scores = await seeScores(picture, rule, averageGraph(384, 384), 3);
    expect(scores).toEqual([0.25, 0.25, 1]);
  });

  it('leaves the size alone without do_resize', async () => {
    const rule = { do_resize: false, crop_size: { height: 4, width: 8 } };
    const seen = await seeStripes(await stripes(8, 4), rule, { width: 8, height: 4 });
    expect(seen).toEqual([0, 0, 0.2, 0.2, 0.4, 0.4, 0.6, 0.6]);
  });
});

describe('a crop that is larger than the picture', () => {
  const white = draw(2, 2, () => [255, 255, 255])
    .png()
    .toBuffer();

  it('is filled with zeros on all sides', async () => {
    const rule = { ...plain, do_resize: false, crop_size: 4 };
    const red = (await seeInput(await white, rule, { width: 4, height: 4 })).slice(0, 16);
    expect(red).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  });

  it('has an odd line of zeros before it', async () => {
    const rule = { ...plain, do_resize: false, crop_size: 3 };
    const red = (await seeInput(await white, rule, { width: 3, height: 3 })).slice(0, 9);
    expect(red).toEqual([0, 0, 0, 0, 1, 1, 0, 1, 1]);
  });

  it('is filled with what zero becomes when it is normalised', async () => {
    const rule = { do_resize: false, crop_size: { height: 2, width: 4 } };
    const red = (await seeInput(await white, rule, { width: 4, height: 2 })).slice(0, 4);
    expect(red).toEqual([-1, 1, 1, -1]);
  });
});

describe('resampling', () => {
  /** Black, black, white, white: made eight wide, the fourth pixel lies a quarter beyond the second's middle. */
  const edge = draw(4, 1, (x) => (x < 2 ? [0, 0, 0] : [255, 255, 255]))
    .png()
    .toBuffer();

  it.each([
    [0, 'nearest', 0],
    // Of the weights −0.1329, 0.8900, 0.2702 and −0.0678, whose sum is 0.9595, the last two.
    [1, 'lanczos', 0.211],
    // A quarter.
    [2, 'bilinear', 0.25],
    // Of the weights −9, 111, 29 and −3 of 128 the last two.
    [3, 'bicubic', 0.203],
  ])('%i is %s', async (resample, _, share) => {
    const rule = { size: { height: 1, width: 8 }, do_normalize: false, resample };
    const red = (await seeInput(await edge, rule, { width: 8, height: 1 })).slice(0, 8);
    expect(red[3]).toBeCloseTo(share, 2);
    // The same from the other side.
    expect(red[4]).toBeCloseTo(1 - share, 2);
  });

  it.each([1, 2, 3])('%i keeps a gradient when it reduces', async (resample) => {
    // Ten more from pixel to pixel: four become one, whose middle is 15 beyond the first of them.
    const picture = await draw(24, 8, (x) => [10 * x, 0, 0])
      .png()
      .toBuffer();
    const rule = { size: { height: 2, width: 6 }, do_normalize: false, resample };
    const red = (await seeInput(picture, rule, { width: 6, height: 2 })).slice(0, 6);
    expect(255 * (red[2] ?? 0)).toBeCloseTo(95, -0.5);
    expect(255 * (red[3] ?? 0)).toBeCloseTo(135, -0.5);
  });
});
