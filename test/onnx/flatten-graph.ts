import type { Graph, TensorInfo } from './encode-model.ts';

/**
 * A classifier whose scores are its input, number by number: a label for each, so that the predictions show what
 * preprocessing made of a picture.
 */
export function flattenGraph(dims: TensorInfo['dims'], name = 'pixel_values'): Graph {
  return {
    inputs: [{ name, type: 'float32', dims }],
    outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'scores'] }],
    nodes: [{ op: 'Flatten', inputs: [name], outputs: ['logits'] }],
  };
}
