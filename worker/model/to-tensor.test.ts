import { expect, test } from 'vitest';
import type { Layout } from './layout.ts';
import { createTensorWriter } from './to-tensor.ts';

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
    const write = createTensorWriter(preprocessing, layout);
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
      const { data, dims } = write({ data: samples, width, height });
      expect(dims).toEqual(layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3]);
      expect(Buffer.compare(bytesOf(data), bytesOf(expected)), `${width} × ${height}`).toBe(0);
    }
  },
);

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
