import sharp, { type Metadata, type Sharp } from 'sharp';
import type { ImageFormat } from '../../shared/image-formats.ts';
import type { ImageInfo } from '../../shared/outcome.ts';
import type { Preprocessing } from '../model/preprocessing.ts';
import { resizedSize } from '../model/resize-rule.ts';
import type { Pixels } from '../model/to-tensor.ts';
import { planCrop } from './crop-window.ts';
import { ImageFault } from './image-fault.ts';

export interface Header extends ImageInfo {
  /** Whether there is anything to see through: then it is put on white, as a viewer shows it. */
  hasAlpha: boolean;
}

/** Reads a picture's header, and decodes no pixel. Throws ImageFault. */
export async function readHeader(
  image: Uint8Array,
  format: ImageFormat,
  maxPixels: number,
): Promise<Header> {
  const metadata = await open(image, maxPixels)
    .metadata()
    .catch((error: unknown) => {
      throw faultOf(error, format);
    });
  // sharp's own name for AVIF is heif, which HEIC bears too.
  const seen =
    metadata.format === 'heif' && metadata.compression === 'av1' ? 'avif' : metadata.format;
  if (seen !== format)
    throw new ImageFault('undecodable_image', `Expected ${format} pixels but received others.`);
  const { width, height } = orientedSize(metadata);
  if (width * height > maxPixels) {
    throw new ImageFault(
      'too_many_pixels',
      `Expected at most ${maxPixels} pixels but received ${width} × ${height}.`,
      { format, width, height },
    );
  }
  return { format, width, height, hasAlpha: metadata.hasAlpha };
}

/**
 * Decodes a picture into what the model sees: turned by EXIF, 8-bit sRGB without alpha, resized and cropped.
 * Throws ImageFault where the pixels are corrupt or cut off.
 */
export async function decodeImage(
  image: Uint8Array,
  header: Header,
  { resize, kernel, crop }: Preprocessing,
  maxPixels: number,
): Promise<Pixels> {
  const resized = resizedSize(resize, header);
  const { source, resized: size, window, padding } = planCrop(header, resized, crop ?? resized);
  const pipeline = open(image, maxPixels).autoOrient();
  if (source.width !== header.width || source.height !== header.height) pipeline.extract(source);
  if (header.hasAlpha) pipeline.flatten({ background: '#fff' });
  pipeline
    .resize({ ...size, fit: 'fill', kernel })
    .extract(window)
    .extend({ ...padding, background: '#000' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  const { data, info } = await pipeline
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw faultOf(error, header.format, header);
    });
  if (info.channels !== 3) throw new Error(`Decoding gave ${info.channels} channels instead of 3.`);
  return { data, width: info.width, height: info.height };
}

function open(image: Uint8Array, maxPixels: number): Sharp {
  return sharp(image, {
    failOn: 'error',
    limitInputPixels: maxPixels,
    pages: 1,
    sequentialRead: true,
  });
}

/** The size after turning by EXIF, in whole pixels. */
function orientedSize({ autoOrient }: Metadata): { width: number; height: number } {
  return { width: autoOrient.width, height: autoOrient.height };
}

/** What sharp says has names of its insides, so the sender is told a sentence of ours. */
function faultOf(error: unknown, format: ImageFormat, image?: ImageInfo): ImageFault {
  const message = error instanceof Error ? error.message : String(error);
  if (/pixel limit/i.test(message)) {
    return new ImageFault(
      'too_many_pixels',
      'Expected fewer pixels than the header names.',
      image,
      { cause: error },
    );
  }
  return new ImageFault(
    'undecodable_image',
    `Expected a whole ${format} image but its data is corrupt or cut off.`,
    image,
    { cause: error },
  );
}
