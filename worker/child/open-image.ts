import type { Sharp } from 'sharp';
import type { ImageFormat } from '../../shared/image-formats.ts';
import type { ImageInfo } from '../../shared/outcome.ts';
import { ImageFault } from './image-fault.ts';
import { loadSharp } from './load-sharp.ts';

/** The first frame or page of an image; one that is cut off or corrupt fails where its pixels are read. */
export async function openImage(image: Uint8Array, maxPixels: number | false): Promise<Sharp> {
  const sharp = await loadSharp();
  return sharp(image, {
    failOn: 'error',
    limitInputPixels: maxPixels,
    pages: 1,
    sequentialRead: true,
  });
}

/** What sharp says has names of its insides, so the sender is told a sentence of ours. */
export function undecodable(format: ImageFormat, cause: unknown, image?: ImageInfo): ImageFault {
  return new ImageFault(
    'undecodable_image',
    `Expected a whole ${format} image but its data is corrupt or cut off.`,
    image ? { image, cause } : { cause },
  );
}
