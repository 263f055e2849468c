import { basename, join } from 'node:path';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { Prediction } from '../../shared/prediction.ts';
import { findGraph, openGraph, reasonOf, sha256Of } from './graph.ts';
import { inputSize } from './input-size.ts';
import { parseActivation, parseLabels } from './labels.ts';
import { readGraphInput } from './layout.ts';
import type { Model } from './model.ts';
import { ModelFolderError } from './model-folder-error.ts';
import { parsePreprocessing } from './preprocessing.ts';
import { rank } from './rank.ts';
import { readJson } from './read-json.ts';
import type { MarkStep } from './step.ts';
import { createTensorWriter, type Pixels } from './to-tensor.ts';

/** A model that is loaded: its description, and inference over the pixels of one picture in its input's size. */
export interface LoadedModel {
  model: Model;
  infer(
    pixels: Pixels,
    options: { topK: number; minConfidence: number },
    mark?: MarkStep,
  ): Promise<Prediction[]>;
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
  const score = createScoring(session, model);
  await warm(graphFile, model, score);
  const infer: LoadedModel['infer'] = async (pixels, options, mark) => {
    const scores = await score(pixels, mark);
    const predictions = rank(scores, labels, { activation, ...options });
    mark?.('rank');
    return predictions;
  };
  return { model, infer };
}

/** From the pixels of a picture to the model's scores. */
type Score = (pixels: Pixels, mark?: MarkStep) => Promise<Float32Array>;

function createScoring(session: InferenceSession, model: Model): Score {
  const { inputName, outputName, preprocessing, layout } = model;
  const toTensor = createTensorWriter(preprocessing, layout);
  return async (pixels, mark) => {
    const { data, dims } = toTensor(pixels);
    const input = new Tensor('float32', data, dims);
    mark?.('resize');
    const output = (await session.run({ [inputName]: input }, [outputName]))[outputName];
    mark?.('infer');
    if (output?.data instanceof Float32Array) return output.data;
    throw new Error(`The model answered with ${output?.type} instead of float32.`);
  };
}

/** The first inference allocates what all later ones use; and it shows how many scores there really are. */
async function warm(file: string, { input, inputName, ...model }: Model, score: Score) {
  const { width, height } = input;
  const black = { data: new Uint8Array(3 * width * height), width, height };
  const scores = await score(black).catch((error: unknown) => {
    const what = `a graph that takes ${width} × ${height} pixels`;
    throw new ModelFolderError(file, inputName, what, reasonOf(error));
  });
  if (scores.length === model.labels.length) return;
  const what = `a score for each of the ${model.labels.length} labels of config.json`;
  throw new ModelFolderError(file, model.outputName, what, scores.length);
}
