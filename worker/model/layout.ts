import type { InferenceSession } from 'onnxruntime-node';
import { ModelFolderError } from './model-folder-error.ts';

/** The order of the input's dimensions: batch, channels, height, width; or the channels last. */
export type Layout = 'NCHW' | 'NHWC';

type Dimension = number | string | undefined;

export interface GraphInput {
  name: string;
  layout: Layout;
  /** In pixels; undefined where the graph takes any. */
  width: number | undefined;
  height: number | undefined;
}

/** What the graph says of its one input. Throws ModelFolderError where it takes no colour pictures as float32. */
export function readGraphInput(file: string, session: InferenceSession): GraphInput {
  const [input, ...others] = session.inputMetadata;
  if (!input || others.length > 0) {
    throw new ModelFolderError(
      file,
      'the inputs',
      'one input',
      session.inputNames.join(', ') || undefined,
    );
  }
  const what = 'a float32 tensor of batch × 3 × height × width or batch × height × width × 3';
  const shown = input.isTensor ? `${input.type} [${input.shape.join(', ')}]` : 'no tensor';
  if (!input.isTensor || input.type !== 'float32' || input.shape.length !== 4) {
    throw new ModelFolderError(file, input.name, what, shown);
  }
  const [batch, second, third, fourth] = input.shape as Dimension[];
  const layout = layoutOf(second, fourth);
  if (!layout || (typeof batch === 'number' && batch > 1)) {
    throw new ModelFolderError(file, input.name, what, shown);
  }
  const [height, width] = layout === 'NCHW' ? [third, fourth] : [second, third];
  return { name: input.name, layout, width: fixed(width), height: fixed(height) };
}

/** By the dimension that is 3; where none is, as in exports with every dimension dynamic, by its name, else NCHW. */
function layoutOf(second: Dimension, last: Dimension): Layout | undefined {
  if (second === 3) return 'NCHW';
  if (last === 3) return 'NHWC';
  if (fixed(last) === undefined && /channel/i.test(String(last))) return 'NHWC';
  if (fixed(second) === undefined) return 'NCHW';
  return fixed(last) === undefined ? 'NHWC' : undefined;
}

/** A dynamic dimension is a name, or not above 0. */
function fixed(dimension: Dimension): number | undefined {
  return typeof dimension === 'number' && dimension > 0 ? dimension : undefined;
}

/** Dimensions and strides of a picture of width × height in a layout: where a sample of a channel and a pixel goes. */
export function tensorShape(layout: Layout, width: number, height: number) {
  return layout === 'NCHW'
    ? { dims: [3, height, width], channelStride: width * height, pixelStride: 1 }
    : { dims: [height, width, 3], channelStride: 1, pixelStride: 3 };
}
