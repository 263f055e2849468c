import sharp, { type Sharp } from 'sharp';
import type { ImageFormat } from '../../shared/image-formats.ts';
import { ImageFault } from './image-fault.ts';

/** The first frame or page of an image; one that is cut off or corrupt fails where its pixels are read. */
export function openImage(image: Uint8Array, maxPixels: number | false): Sharp {
  return sharp(image, {
    failOn: 'error',
    limitInputPixels: maxPixels,
    pages: 1,
    sequentialRead: true,
  });
}

/** What sharp says has names of its insides, so the sender is told a sentence of ours. */
export function undecodable(format: ImageFormat, error: unknown): ImageFault {
  return new ImageFault(
    'undecodable_image',
    `Expected a whole ${format} image but its data is corrupt or cut off.`,
    { cause: error },
  );
}
