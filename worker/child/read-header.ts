import type { ImageFormat } from '../../shared/image-formats.ts';
import type { ImageInfo } from '../../shared/outcome.ts';
import { ImageFault } from './image-fault.ts';
import { openImage, undecodable } from './open-image.ts';

export interface Header {
  image: ImageInfo;
  /** Whether there is anything to see through: then it is put on white, as a viewer shows it. */
  hasAlpha: boolean;
  /** Whether its colours are 16-bit and by a profile of their own. */
  hasWideProfile: boolean;
}

/** Reads a picture's header, and decodes no pixel. Throws ImageFault, also for more than `maxPixels`. */
export async function readHeader(
  bytes: Uint8Array,
  format: ImageFormat,
  maxPixels: number,
): Promise<Header> {
  // Without a limit of sharp's: the answer to a picture that is too large tells its size.
  const opened = await openImage(bytes, false);
  const metadata = await opened.metadata().catch((error: unknown) => {
    throw undecodable(format, error);
  });
  // sharp's own name for AVIF is heif, which HEIC bears too.
  const isAvif = metadata.format === 'heif' && metadata.compression === 'av1';
  if ((isAvif ? 'avif' : metadata.format) !== format) {
    throw new ImageFault('undecodable_image', `Expected ${format} pixels but received others.`);
  }
  const { width, height } = metadata.autoOrient;
  const image: ImageInfo = { format, width, height };
  if (width * height > maxPixels) {
    const detail = `Expected at most ${maxPixels} pixels but received ${width} × ${height}.`;
    throw new ImageFault('too_many_pixels', detail, { image });
  }
  return {
    image,
    hasAlpha: metadata.hasAlpha,
    hasWideProfile: metadata.space === 'rgb16' && metadata.hasProfile,
  };
}
