import type { Graph } from './encode-model.ts';

/** A classifier of three scores: the averages of red, green and blue over the whole input. */
export function averageGraph(width: number, height: number): Graph {
  return {
    inputs: [{ name: 'pixel_values', type: 'float32', dims: ['batch', 3, height, width] }],
    outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'scores'] }],
    nodes: [
      { op: 'GlobalAveragePool', inputs: ['pixel_values'], outputs: ['averages'] },
      { op: 'Flatten', inputs: ['averages'], outputs: ['logits'] },
    ],
  };
}
