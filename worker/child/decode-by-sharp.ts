import type { Pixels } from '../model/input.ts';
import type { Preprocessing } from '../model/preprocessing.ts';
import { resizedSize } from '../model/resize-rule.ts';
import { planCrop } from './crop-window.ts';
import { enlarge } from './enlarge.ts';
import { ImageFault } from './image-fault.ts';
import { openImage, undecodable } from './open-image.ts';
import { pad } from './pad.ts';
import type { Header } from './read-header.ts';
import { planTaps } from './taps.ts';

/** Decodes a picture of any kind into what the model sees. Throws ImageFault where the pixels are corrupt or cut off. */
export async function decodeBySharp(
  bytes: Uint8Array,
  { image, hasAlpha, hasWideProfile }: Header,
  { resize, kernel, crop }: Preprocessing,
): Promise<Pixels> {
  const resized = resizedSize(resize, image);
  const { x, y } = planCrop(image, resized, crop ?? resized);
  const reduced = { width: Math.min(x.from, x.to), height: Math.min(y.from, y.to) };
  const wider = x.to > x.from ? planTaps(x, kernel) : undefined;
  const higher = y.to > y.from ? planTaps(y, kernel) : undefined;
  const [across, down] = [wider ?? x, higher ?? y];

  const opened = await openImage(bytes, image.width * image.height);
  const pipeline = opened.autoOrient();
  // sharp takes 16-bit colours by their profile to P3 and leaves them there; brought to 8 bits first, they come to sRGB.
  if (hasWideProfile) pipeline.pipelineColourspace('srgb');
  if (hasAlpha) pipeline.flatten({ background: '#fff' });
  pipeline
    .resize({
      ...reduced,
      fit: 'fill',
      kernel,
      // A JPEG is decoded at an eighth to a half for a fraction of the time, and comes out nearly the same. WebP would
      // be resized by a rule of its own, and save little.
      fastShrinkOnLoad: image.format === 'jpeg',
    })
    // Down to the last line, seen or not: where a file is cut off there, it fails.
    .extract({
      left: across.start,
      width: across.length,
      top: down.start,
      height: reduced.height - down.start,
    })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  const { data, info } = await pipeline
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw undecodable(image.format, error, image);
    });
  if (info.channels !== 3) {
    const detail = `Expected grey or colour for the pixels but received ${info.channels} channels.`;
    throw new ImageFault('undecodable_image', detail, { image });
  }
  const lines = data.subarray(0, 3 * info.width * down.length);
  const seen = enlarge({ data: lines, width: info.width, height: down.length }, wider, higher);
  return crop ? pad(seen, crop, { left: x.before, top: y.before }) : seen;
}
