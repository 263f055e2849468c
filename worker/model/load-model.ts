import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Prediction } from '../../shared/prediction.ts';
import { parseActivation, parseLabels } from './labels.ts';
import { type GraphInput, readGraphInput } from './layout.ts';
import type { Model } from './model.ts';
import { ModelFolderError } from './model-folder-error.ts';
import { type Preprocessing, parsePreprocessing } from './preprocessing.ts';
import { rank } from './rank.ts';
import { readJson } from './read-json.ts';
import { createTensorWriter, type Pixels } from './to-tensor.ts';

/** A model that is loaded: its description, and inference over the pixels of one picture in its input's size. */
export interface LoadedModel {
  model: Model;
  infer(pixels: Pixels, options: { topK: number; minConfidence: number }): Promise<Prediction[]>;
}

/** One thread a session and no spinning: as many processes as cores are faster than threads (see DESIGN.md). */
const sessionOptions: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};

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

  const onnxFile = findGraph(folder);
  const bytes = await readFile(onnxFile);
  const session = await createSession(onnxFile, bytes);
  const input = readGraphInput(onnxFile, session);
  const size = inputSize(preprocessorFile, preprocessing, input);
  const model: Model = {
    name: basename(folder),
    task: 'image-classification',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    labels,
    input: size,
    preprocessing,
    activation,
    layout: input.layout,
    inputName: input.name,
    outputName: session.outputNames.includes('logits') ? 'logits' : (session.outputNames[0] ?? ''),
  };
  const loaded = { model, infer: createInference(session, model) };
  await warm(onnxFile, session, model);
  return loaded;
}

function createInference(session: InferenceSession, model: Model): LoadedModel['infer'] {
  const toTensor = createTensorWriter(model.preprocessing, model.layout);
  const { activation, labels } = model;
  return async (pixels, options) => {
    const { data, dims } = toTensor(pixels);
    const scores = await run(session, model, new Tensor('float32', data, dims));
    return rank(scores, labels, { activation, ...options });
  };
}

async function run(
  session: InferenceSession,
  { inputName, outputName }: Model,
  input: Tensor,
): Promise<Float32Array> {
  const output = (await session.run({ [inputName]: input }, [outputName]))[outputName];
  const scores = output?.data;
  if (scores instanceof Float32Array) return scores;
  throw new Error(`The model answered with ${output?.type} instead of float32.`);
}

/** The first inference allocates what all later ones use; and it shows how many scores there really are. */
async function warm(file: string, session: InferenceSession, model: Model): Promise<void> {
  const { width, height } = model.input;
  const toTensor = createTensorWriter(model.preprocessing, model.layout);
  const { data, dims } = toTensor({ data: new Uint8Array(3 * width * height), width, height });
  let count: number;
  try {
    count = (await run(session, model, new Tensor('float32', data, dims))).length;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ModelFolderError(
      file,
      model.inputName,
      `a graph that takes [${dims.join(', ')}]`,
      reason,
    );
  }
  if (count !== model.labels.length) {
    throw new ModelFolderError(
      file,
      model.outputName,
      `a score for each of the ${model.labels.length} labels of config.json`,
      count,
    );
  }
}

async function createSession(file: string, bytes: Buffer): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, sessionOptions);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ModelFolderError(
      file,
      'the graph',
      'an ONNX model that ONNX Runtime can load',
      reason,
    );
  }
}

/** Beside the configuration, or in the folder where the Hugging Face Hub keeps exports. */
function findGraph(folder: string): string {
  const files = [join(folder, 'model.onnx'), join(folder, 'onnx', 'model.onnx')];
  const file = files.find((candidate) => existsSync(candidate));
  if (file) return file;
  throw new ModelFolderError(files[0] ?? folder, 'the file', 'an ONNX model', 'none');
}

/** What preprocessing comes to must be what the graph takes. */
function inputSize(
  file: string,
  { crop, resize }: Preprocessing,
  input: GraphInput,
): { width: number; height: number } {
  const made =
    crop ?? (resize?.kind === 'exact' ? { width: resize.width, height: resize.height } : undefined);
  const width = made?.width ?? input.width;
  const height = made?.height ?? input.height;
  if (!made || !width || !height) {
    throw new ModelFolderError(
      file,
      'crop_size',
      'a crop, or a size with height and width, so that every picture comes to one size,',
      'neither',
    );
  }
  if (width === (input.width ?? width) && height === (input.height ?? height))
    return { width, height };
  const field = crop ? 'crop_size' : 'size';
  throw new ModelFolderError(
    file,
    field,
    `${input.width} × ${input.height}, which the graph takes,`,
    `${width} × ${height}`,
  );
}
