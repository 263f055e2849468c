import type { ImageInfo } from '../../shared/outcome.ts';
import { ImageFault } from './image-fault.ts';

/** Gives the image back; throws ImageFault where it has more than `maxPixels`. */
export function checkPixels(image: ImageInfo, maxPixels: number): ImageInfo {
  const { width, height } = image;
  if (width * height <= maxPixels) return image;
  const detail = `Expected at most ${maxPixels} pixels but received ${width} × ${height}.`;
  throw new ImageFault('too_many_pixels', detail, { image });
}
