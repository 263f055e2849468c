import { loadModel } from '../../worker/model/load-model.ts';
import { classifyImage } from '../classify-image.ts';
import type { Graph } from './encode-model.ts';
import { flattenGraph } from './flatten-graph.ts';
import { labels, writeModelFolder } from './write-model-folder.ts';

/** What a model of width × height whose scores are its input is given for an image: all of red, of green, of blue. */
export function seeInput(
  image: Uint8Array,
  preprocessor: object,
  { width, height }: { width: number; height: number },
): Promise<number[]> {
  return seeScores(
    image,
    preprocessor,
    flattenGraph(['batch', 3, height, width]),
    3 * width * height,
  );
}

/** The scores that a graph comes to for an image, undone from the confidences to about four places. */
export async function seeScores(
  image: Uint8Array,
  preprocessor: object,
  graph: Graph,
  count: number,
): Promise<number[]> {
  const folder = writeModelFolder({
    graph,
    config: { id2label: labels(count), problem_type: 'multi_label_classification' },
    preprocessor,
  });
  const request = { image, model: 'tiny', topK: count, minConfidence: 0 };
  const outcome = await classifyImage(await loadModel(folder), request, 50_000_000);
  if (outcome.status === 'failed') throw new Error(outcome.detail);
  return outcome.predictions
    .sort((a, b) => a.index - b.index)
    .map(({ confidence }) => Math.log(confidence / (1 - confidence)))
    .map((score) => Math.round(score * 1000) / 1000 + 0);
}
