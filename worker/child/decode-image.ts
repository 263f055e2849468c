import type { ImageFormat } from '../../shared/image-formats.ts';
import type { ImageInfo } from '../../shared/outcome.ts';
import type { Pixels } from '../model/input.ts';
import type { Preprocessing } from '../model/preprocessing.ts';
import type { MarkStep } from '../model/step.ts';
import { decodeBySharp } from './decode-by-sharp.ts';
import { decodePlainJpeg } from './decode-plain-jpeg.ts';
import { readPlainJpeg } from './plain-jpeg.ts';
import { readHeader } from './read-header.ts';

export interface DecodedImage {
  image: ImageInfo;
  pixels: Pixels;
}

/**
 * Decodes a picture into what the model sees: turned by EXIF, 8-bit sRGB without alpha, resized and cropped.
 * Throws ImageFault where it is corrupt, cut off, or of more than `maxPixels`, before a pixel is decoded.
 */
export async function decodeImage(
  bytes: Uint8Array,
  format: ImageFormat,
  { preprocessing, maxPixels }: { preprocessing: Preprocessing; maxPixels: number },
  mark?: MarkStep,
): Promise<DecodedImage> {
  const jpeg = format === 'jpeg' ? readPlainJpeg(bytes) : undefined;
  if (jpeg && jpeg.width * jpeg.height <= maxPixels) {
    const { width, height, orientation } = jpeg;
    const size = orientation < 5 ? { width, height } : { width: height, height: width };
    const pixels = decodePlainJpeg(bytes, jpeg, preprocessing, mark);
    if (pixels) return { image: { format, ...size }, pixels };
  }
  const header = await readHeader(bytes, format, maxPixels);
  const pixels = await decodeBySharp(bytes, header, preprocessing);
  mark?.('decode');
  return { image: header.image, pixels };
}
