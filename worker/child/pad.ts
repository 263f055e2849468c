import type { Pixels } from '../model/input.ts';
import type { Size } from './crop-window.ts';

/** Puts pixels into a larger picture that is black elsewhere. */
export function pad(pixels: Pixels, to: Size, at: { left: number; top: number }): Pixels {
  if (pixels.width === to.width && pixels.height === to.height) return pixels;
  const data = new Uint8Array(3 * to.width * to.height);
  const lineLength = 3 * pixels.width;
  for (let line = 0; line < pixels.height; line++) {
    const source = pixels.data.subarray(line * lineLength, (line + 1) * lineLength);
    data.set(source, 3 * ((at.top + line) * to.width + at.left));
  }
  return { data, ...to };
}
