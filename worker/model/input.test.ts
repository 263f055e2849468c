import { expect, test } from 'vitest';
import { createInput } from './input.ts';
import type { Layout } from './layout.ts';

const preprocessing = {
  resize: undefined,
  kernel: 'linear' as const,
  crop: undefined,
  scale: [1 / 255 / 0.229, 1 / 255 / 0.224, 1 / 255 / 0.225],
  shift: [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
  channels: [2, 1, 0],
};
const sizes = [1, 2, 3, 5, 6, 7, 64, 224].flatMap((width) =>
  [1, 3, 225].map((height) => ({ width, height })),
);

test.each<Layout>(['NCHW', 'NHWC'])(
  'a tensor of %s holds each sample scaled and shifted',
  (layout) => {
    const input = createInput(preprocessing, layout);
    for (const { width, height } of sizes) {
      const pixels = width * height;
      const samples = Uint8Array.from({ length: 3 * pixels }, (_, at) => (at * 89 + width) % 256);
      const expected = new Float32Array(3 * pixels);
      for (let pixel = 0; pixel < pixels; pixel++) {
        for (const channel of [0, 1, 2]) {
          const sample = samples[3 * pixel + 2 - channel] ?? 0;
          const at = layout === 'NCHW' ? channel * pixels + pixel : 3 * pixel + channel;
          expected[at] =
            sample * (preprocessing.scale[channel] ?? 0) + (preprocessing.shift[channel] ?? 0);
        }
      }
      input.put({ data: samples, width, height }, 0);
      const { data, dims } = input.tensor(0, 1);
      expect(dims).toEqual(layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3]);
      expect(Buffer.compare(bytesOf(data), bytesOf(expected)), `${width} × ${height}`).toBe(0);
    }
  },
);

test.each<Layout>(['NCHW', 'NHWC'])(
  'pictures of a group stand one after the other in %s',
  (layout) => {
    for (const { width, height } of sizes) {
      const group = [3, 89, 7, 51].map((step) => ({
        data: Uint8Array.from({ length: 3 * width * height }, (_, at) => (at * step) % 256),
        width,
        height,
      }));
      const input = createInput(preprocessing, layout);
      const alone = group.map((pixels) => {
        input.put(pixels, 0);
        return Float32Array.from(input.tensor(0, 1).data);
      });
      for (const [place, pixels] of group.entries()) input.put(pixels, place);
      const { data, dims } = input.tensor(1, 3);
      expect(dims[0]).toBe(3);
      const expected = Buffer.concat(alone.slice(1).map(bytesOf));
      expect(Buffer.compare(bytesOf(data), expected), `${width} × ${height}`).toBe(0);
    }
  },
);

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
