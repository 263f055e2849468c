import type { KernelEnum } from 'sharp';
import { fieldsOf } from './fields.ts';
import type { JsonObject } from './read-json.ts';
import { parseResizeRule, type ResizeRule } from './resize-rule.ts';

/** From a picture to the model's input, as `preprocessor_config.json` says. */
export interface Preprocessing {
  /** Undefined where the picture keeps its size. */
  resize: ResizeRule | undefined;
  kernel: keyof KernelEnum;
  /** Cut out of the middle, in pixels; what the picture lacks is filled with zeros. Undefined: all of it. */
  crop: { width: number; height: number } | undefined;
  /** A sample x of channel c, from 0 to 255, becomes x × scale[c] + shift[c]. */
  scale: number[];
  shift: number[];
}

/** Pillow's numbers for its filters, and sharp's names for the same; the others have no equal there. */
const kernels: Record<number, keyof KernelEnum> = {
  0: 'nearest',
  1: 'lanczos3',
  2: 'linear',
  3: 'cubic',
};

/** Defaults are those of Hugging Face's image processors. */
export function parsePreprocessing(file: string, json: JsonObject): Preprocessing {
  const fields = fieldsOf(file, json);
  const resample = fields.number('resample', 2);
  const kernel =
    kernels[resample] ??
    fields.refuse('resample', '0 (nearest), 1 (lanczos), 2 (bilinear) or 3 (bicubic)');
  const centerCrop = fields.flag('do_center_crop', json.crop_size !== undefined);
  return {
    resize: fields.flag('do_resize', true)
      ? parseResizeRule(fields, json.crop_pct !== undefined)
      : undefined,
    kernel,
    crop: centerCrop ? parseCrop(fields) : cropAfterCropPct(fields, json),
    ...parseNormalization(fields),
  };
}

type Fields = ReturnType<typeof fieldsOf>;

function parseCrop(fields: Fields): Preprocessing['crop'] {
  const size = fields.size('crop_size') ?? fields.size('size');
  if (typeof size === 'number') return { width: size, height: size };
  const { width, height, shortest_edge: edge } = size ?? {};
  if (width && height) return { width, height };
  if (edge) return { width: edge, height: edge };
  return fields.refuse('crop_size', 'a number, or height and width,');
}

/** ConvNeXT resizes to size ÷ crop_pct and then crops to size, without do_center_crop. */
function cropAfterCropPct(fields: Fields, json: JsonObject): Preprocessing['crop'] {
  if (json.crop_pct === undefined || json.crop_pct === null) return undefined;
  const size = fields.size('size');
  const edge = typeof size === 'number' ? size : size?.shortest_edge;
  // From 384 pixels on it squeezes the whole picture into the square instead.
  return edge && edge < 384 ? { width: edge, height: edge } : undefined;
}

function parseNormalization(fields: Fields): { scale: number[]; shift: number[] } {
  const rescale = fields.flag('do_rescale', true) ? fields.number('rescale_factor', 1 / 255) : 1;
  // EfficientNet's processor may move 0 to 1 onto -1 to 1 before it normalises.
  const offset = fields.flag('rescale_offset', false) ? -1 : 0;
  if (!fields.flag('do_normalize', true))
    return { scale: Array(3).fill(rescale), shift: Array(3).fill(offset) };
  const mean = fields.perChannel('image_mean', [0.5, 0.5, 0.5], Number.isFinite, 'three numbers');
  const isStd = (value: number) => Number.isFinite(value) && value > 0;
  const std = fields.perChannel('image_std', [0.5, 0.5, 0.5], isStd, 'three numbers above 0');
  return {
    scale: std.map((value) => rescale / value),
    shift: std.map((value, channel) => (offset - (mean[channel] ?? 0)) / value),
  };
}
