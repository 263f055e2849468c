import { fieldsOf } from './fields.ts';
import type { JsonObject } from './read-json.ts';

const half = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const imagenet = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const clip = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};

/** A number as `size` is the shorter edge, and the middle is cut out. */
const cropped = { default_to_square: false, do_center_crop: true, crop_size: 224, resample: 3 };
/** A number as `size` is both edges, whatever the picture's shape. */
const squeezed = { default_to_square: true, do_center_crop: false, resample: 2, ...half };

/**
 * What Hugging Face's image processors do where a file is silent, as transformers 4.57 has it: a file that was saved
 * by another version, or written by hand, names only some of the fields, and what the others mean hangs on the type.
 */
const processors: Record<string, JsonObject> = {
  ViT: { ...squeezed, size: 224 },
  DeiT: { ...squeezed, do_center_crop: true, size: 256, crop_size: 224, resample: 3 },
  Beit: { ...squeezed, do_center_crop: true, size: 256, crop_size: 224, resample: 3 },
  Siglip: { ...squeezed, size: 224, resample: 3 },
  Pvt: { ...squeezed, size: 224, ...imagenet },
  Segformer: { ...squeezed, size: 512, ...imagenet },
  EfficientNet: { ...squeezed, size: 346, crop_size: 289, resample: 0, include_top: true },
  CLIP: { ...cropped, size: 224, ...clip },
  Bit: { ...cropped, size: 224, ...clip },
  ViTHybrid: { ...cropped, size: 224, ...clip },
  EfficientFormer: { ...cropped, default_to_square: true, size: 224, ...imagenet },
  ConvNext: { ...squeezed, default_to_square: false, size: 384, crop_pct: 224 / 256 },
  PoolFormer: { ...cropped, size: 224, crop_pct: 0.9, ...imagenet },
  Levit: { ...cropped, size: 224, crop_pct: 224 / 256, ...imagenet },
  MobileNetV1: { ...cropped, size: 256, resample: 2, ...half },
  MobileNetV2: { ...cropped, size: 256, resample: 2, ...half },
  MobileViT: {
    ...cropped,
    size: 224,
    crop_size: 256,
    resample: 2,
    do_normalize: false,
    do_flip_channel_order: true,
    ...half,
  },
};

/** Types whose steps are others, though their fields bear the same names. */
const otherSteps = ['Donut', 'ImageGPT', 'Perceiver', 'Siglip2', 'TextNet', 'TimmWrapper'];

/** The file's fields, and for each that it lacks (or has as null) what its image processor takes instead. */
export function withDefaults(file: string, json: JsonObject): JsonObject {
  const given = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
  const field = 'image_processor_type' in given ? 'image_processor_type' : 'feature_extractor_type';
  // `ViTImageProcessor`, `ViTImageProcessorFast`, and before 2022 `ViTFeatureExtractor`.
  const type = String(given[field] ?? '').replace(/(ImageProcessor(Fast)?|FeatureExtractor)$/, '');
  if (otherSteps.includes(type)) {
    fieldsOf(file, json).refuse(field, 'a processor that resizes, crops and normalises');
  }
  return { ...(processors[type] ?? unnamed(given)), ...given };
}

/** Without a type that is known: a crop where it has a size, and else all of the picture. */
function unnamed(given: JsonObject): JsonObject {
  const isCropped = given.do_center_crop ?? given.crop_size !== undefined;
  const toSquare = !isCropped && given.crop_pct === undefined;
  return { resample: 2, do_center_crop: isCropped, default_to_square: toSquare, ...half };
}
