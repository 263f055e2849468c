import { basename, join } from 'node:path';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { Prediction } from '../../shared/prediction.ts';
import { findGraph, openGraph, reasonOf, sha256Of } from './graph.ts';
import { createInput, type Input, type Pixels } from './input.ts';
import { inputSize } from './input-size.ts';
import { parseActivation, parseLabels } from './labels.ts';
import { readGraphInput } from './layout.ts';
import type { Model } from './model.ts';
import { ModelFolderError } from './model-folder-error.ts';
import { parsePreprocessing } from './preprocessing.ts';
import { rank } from './rank.ts';
import { readJson } from './read-json.ts';
import type { MarkStep } from './step.ts';

/** What is asked of a picture's predictions. */
export interface Wanted {
  topK: number;
  minConfidence: number;
}

/** A model that is loaded: its description, and inference over pictures in its input's size. */
export interface LoadedModel {
  model: Model;
  /** Takes the pixels of a picture, as the one at `place` of a group, from 0. */
  put(pixels: Pixels, place: number): void;
  /** Infers a group, and gives the predictions of each of its pictures. */
  infer(group: Wanted[], mark?: MarkStep): Promise<Prediction[][]>;
}

/** Loads and warms the model of a folder. Throws ModelFolderError where the folder cannot work. */
export async function loadModel(folder: string): Promise<LoadedModel> {
  const configFile = join(folder, 'config.json');
  const preprocessorFile = join(folder, 'preprocessor_config.json');
  const [config, preprocessor] = await Promise.all([
    readJson(configFile),
    readJson(preprocessorFile),
  ]);
  const labels = parseLabels(configFile, config);
  const activation = parseActivation(configFile, config);
  const preprocessing = parsePreprocessing(preprocessorFile, preprocessor);

  const graphFile = findGraph(folder);
  const [sha256, session] = await Promise.all([sha256Of(graphFile), openGraph(graphFile)]);
  const input = readGraphInput(graphFile, session);
  const model: Model = {
    name: basename(folder),
    task: 'image-classification',
    sha256,
    labels,
    input: inputSize(preprocessorFile, preprocessing, input),
    preprocessing,
    activation,
    layout: input.layout,
    inputName: input.name,
    outputName: session.outputNames.includes('logits') ? 'logits' : (session.outputNames[0] ?? ''),
  };
  const pictures = createInput(preprocessing, model.layout);
  const score: Score = async (first, count, options = {}) => {
    const { data, dims } = pictures.tensor(first, count);
    const feeds = { [model.inputName]: new Tensor('float32', data, dims) };
    const output = (await session.run(feeds, [model.outputName], options))[model.outputName];
    if (output?.data instanceof Float32Array) return output.data;
    throw new Error(`The model answered with ${output?.type} instead of float32.`);
  };
  await warm(graphFile, model, pictures, score);
  let mostAtOnce: number | undefined;
  const atOnceOf = async (group: Wanted[]) => {
    if (group.length === 1) return 1;
    mostAtOnce ??= await findMostAtOnce(model, pictures, group.length, score);
    return mostAtOnce;
  };
  return {
    model,
    put: pictures.put,
    async infer(group, mark) {
      const atOnce = await atOnceOf(group);
      const scores: Float32Array[] = [];
      for (let first = 0; first < group.length; first += atOnce) {
        const count = Math.min(atOnce, group.length - first);
        const all = await score(first, count);
        for (let at = 0; at < count; at += 1) {
          scores.push(all.subarray(at * labels.length, (at + 1) * labels.length));
        }
      }
      mark?.('infer');
      const predictions = group.map(({ topK, minConfidence }, index) =>
        rank(scores[index] ?? [], labels, { activation, topK, minConfidence }),
      );
      mark?.('rank');
      return predictions;
    },
  };
}

/** From so many pictures of the input to the model's scores. */
type Score = (
  first: number,
  count: number,
  options?: InferenceSession.RunOptions,
) => Promise<Float32Array>;

/** The first inference allocates what all later ones use, and shows how many scores there really are. */
async function warm(
  file: string,
  { input, inputName, outputName, labels }: Model,
  pictures: Input,
  score: Score,
): Promise<void> {
  pictures.put(plain(0, input), 0);
  const scores = await score(0, 1).catch((error: unknown) => {
    const what = `a graph that takes ${input.width} × ${input.height} pixels`;
    throw new ModelFolderError(file, inputName, what, reasonOf(error));
  });
  if (scores.length !== labels.length) {
    const what = `a score for each of the ${labels.length} labels of config.json`;
    throw new ModelFolderError(file, outputName, what, scores.length);
  }
}

/**
 * How many pictures the graph takes at once: any number where one beside another has the scores that it has alone, else
 * one. Found by two pictures behind a first group's, which stay as they are; at the start it would cost models that
 * nobody asks for, of which each keeps the memory of its largest inference.
 */
async function findMostAtOnce(
  { input }: Model,
  pictures: Input,
  place: number,
  score: Score,
): Promise<number> {
  pictures.put(plain(0, input), place);
  pictures.put(plain(255, input), place + 1);
  const alone = await score(place + 1, 1);
  // Where it does not, that is no fault to log.
  const together = await score(place, 2, { logSeverityLevel: 4 }).catch(() => new Float32Array());
  return alone.every((value, at) => isClose(value, together[alone.length + at]))
    ? Number.POSITIVE_INFINITY
    : 1;
}

/** A picture of one grey. */
function plain(sample: number, { width, height }: Model['input']): Pixels {
  return { data: new Uint8Array(3 * width * height).fill(sample), width, height };
}

/** Float32 sums come out a little otherwise in another order. */
function isClose(value: number, other = Number.NaN): boolean {
  return Math.abs(value - other) <= 1e-3 * Math.max(1, Math.abs(value));
}
