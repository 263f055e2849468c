import { expected, PublicError } from '../../shared/errors.ts';
import { type ImageFormat, imageFormats, sniffFormat } from '../../shared/image-formats.ts';

/** The format of an image that is taken. Throws what the bytes are otherwise, as far as their first ones tell. */
export function requireImage(image: Buffer): ImageFormat {
  if (image.length === 0) {
    throw new PublicError('empty_body', 'Expected the bytes of an image but received none.');
  }
  const sniffed = sniffFormat(image);
  if (sniffed.taken) return sniffed.format;
  const taken = imageFormats.join(', ');
  throw sniffed.type
    ? new PublicError(
        'unsupported_image_type',
        expected(`one of ${taken}`, 'the image', sniffed.type),
      )
    : new PublicError(
        'not_an_image',
        `Expected an image (${taken}) but received bytes that begin like none of them.`,
      );
}
