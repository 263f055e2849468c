import type { KernelEnum } from 'sharp';
import { fieldsOf } from './fields.ts';
import { withDefaults } from './image-processors.ts';
import type { JsonObject } from './read-json.ts';
import { enlargeForCrop, parseResizeRule, type ResizeRule } from './resize-rule.ts';

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
  /** The picture's channel (red, green, blue) that stands in each place of the input. */
  channels: number[];
}

/** Pillow's numbers for its filters, and sharp's names for the same; the others have no equal there. */
const kernels: Record<number, keyof KernelEnum> = {
  0: 'nearest',
  1: 'lanczos3',
  2: 'linear',
  3: 'cubic',
};

type Fields = ReturnType<typeof fieldsOf>;

/** Where a field is not given, Hugging Face's image processor of that type decides. */
export function parsePreprocessing(file: string, json: JsonObject): Preprocessing {
  const fields = fieldsOf(file, withDefaults(file, json));
  const kernel =
    kernels[fields.number('resample', 2)] ??
    fields.refuse('resample', '0 (nearest), 1 (lanczos), 2 (bilinear) or 3 (bicubic)');
  return {
    ...parseGeometry(fields),
    kernel,
    ...parseNormalization(fields),
    channels: fields.flag('do_flip_channel_order', false) ? [2, 1, 0] : [0, 1, 2],
  };
}

function parseGeometry(fields: Fields): Pick<Preprocessing, 'resize' | 'crop'> {
  const crop = fields.flag('do_center_crop', false) ? parseCrop(fields) : undefined;
  if (!fields.flag('do_resize', true)) return { resize: undefined, crop };
  const rule = parseResizeRule(fields);
  if (!fields.has('crop_pct')) return { resize: rule, crop };
  if (crop) return { resize: enlargeForCrop(fields, rule), crop };
  // ConvNeXT crops to what it would else resize to, but from 384 pixels on squeezes the picture into a square.
  if (rule.kind === 'exact') return fields.refuse('size', 'shortest_edge, as crop_pct needs,');
  const square = { width: rule.edge, height: rule.edge };
  return rule.edge >= 384
    ? { resize: { kind: 'exact', ...square }, crop }
    : { resize: enlargeForCrop(fields, rule), crop: square };
}

function parseCrop(fields: Fields): Preprocessing['crop'] {
  const size = fields.size('crop_size') ?? fields.size('size');
  if (typeof size === 'number') return { width: size, height: size };
  const { width, height, shortest_edge: edge } = size ?? {};
  if (width && height) return { width, height };
  if (edge) return { width: edge, height: edge };
  return fields.refuse('crop_size', 'a number, or height and width,');
}

function parseNormalization(fields: Fields): { scale: number[]; shift: number[] } {
  const rescales = fields.flag('do_rescale', true);
  const normalizes = fields.flag('do_normalize', true);
  const rescale = rescales ? fields.number('rescale_factor', 1 / 255) : 1;
  // EfficientNet's processor may move the rescaled samples by one, and divides by the deviation once more.
  const offset = rescales && fields.flag('rescale_offset', false) ? -1 : 0;
  const divisions = Number(normalizes) + Number(fields.flag('include_top', false));
  const isStd = (value: number) => Number.isFinite(value) && value > 0;
  const std = divisions > 0 ? fields.perChannel('image_std', isStd, 'three numbers above 0') : [];
  const mean = normalizes ? fields.perChannel('image_mean', Number.isFinite, 'three numbers') : [];
  const divisors = [0, 1, 2].map((channel) => (std[channel] ?? 1) ** divisions);
  return {
    scale: divisors.map((divisor) => rescale / divisor),
    shift: divisors.map((divisor, channel) => (offset - (mean[channel] ?? 0)) / divisor),
  };
}
