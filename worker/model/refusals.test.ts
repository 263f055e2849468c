import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Graph, TensorInfo } from '../../test/onnx/encode-model.ts';
import { flattenGraph } from '../../test/onnx/flatten-graph.ts';
import {
  labels,
  type ModelFiles,
  temporaryFolder,
  writeModelFolder,
} from '../../test/onnx/write-model-folder.ts';
import { findModelFolders } from './find-model-folders.ts';
import { sha256Of } from './graph.ts';
import { loadModel } from './load-model.ts';
import { ModelFolderError } from './model-folder-error.ts';

/** What is said of a folder, without its path: file, field, expected, received. */
async function refusal(files: ModelFiles): Promise<string> {
  const folder = writeModelFolder(files);
  const error = await loadModel(folder).catch((error: unknown) => error);
  if (!(error instanceof ModelFolderError)) throw new Error('The folder was taken.');
  expect(error.message.split('\n')).toHaveLength(1);
  return error.message.replaceAll(`${folder}/`, '');
}

const size = { height: 2, width: 2 };

describe('a folder is refused by file, field, what was expected and what stands there', () => {
  it.each<[string, ModelFiles, string]>([
    [
      'without config.json',
      { config: null },
      'config.json: Expected a file that can be read for the file but received nothing.',
    ],
    [
      'without preprocessor_config.json',
      { preprocessor: null },
      'preprocessor_config.json: Expected a file that can be read for the file but received nothing.',
    ],
    [
      'without model.onnx',
      { graph: null },
      'model.onnx: Expected an ONNX model for the file but received nothing.',
    ],
    [
      'with a file that is no JSON',
      { config: '{ "id2label": ' },
      `config.json: Expected a JSON object for the file but received '{ "id2label":'.`,
    ],
    [
      'with JSON that is no object',
      { preprocessor: [] },
      "preprocessor_config.json: Expected a JSON object for the file but received '[]'.",
    ],
    [
      'without labels',
      { config: {} },
      'config.json: Expected an object of labels by index for id2label but received nothing.',
    ],
    [
      'with no label at all',
      { config: { id2label: {} } },
      "config.json: Expected at least one label for id2label but received '{}'.",
    ],
    [
      'with a hole in the labels',
      { config: { id2label: { 0: 'a', 2: 'c' } } },
      'config.json: Expected a text for id2label["1"] but received nothing.',
    ],
    [
      'with a label that is no text',
      { config: { id2label: { 0: 'a', 1: 7 } } },
      'config.json: Expected a text for id2label["1"] but received 7.',
    ],
    [
      'with another num_labels',
      { config: { id2label: labels(12), num_labels: 10 } },
      'config.json: Expected 12, as many as id2label has, for num_labels but received 10.',
    ],
    [
      'with a problem_type that is none',
      { config: { id2label: labels(12), problem_type: 'regression' } },
      "config.json: Expected single_label_classification or multi_label_classification for problem_type but received 'regression'.",
    ],
    [
      'with more labels than scores',
      { config: { id2label: labels(13) } },
      'model.onnx: Expected a score for each of the 13 labels of config.json for logits but received 12.',
    ],
  ])('%s', async (_, files, message) => {
    expect(await refusal(files)).toBe(message);
  });
});

describe('preprocessing is refused', () => {
  it.each<[string, object, string]>([
    ['without a size', {}, 'a number of pixels or an object for size but received nothing.'],
    [
      'with a size of no pixels',
      { size: 0 },
      'a whole number of pixels from 1 to 4096, or an object of them for size but received 0.',
    ],
    [
      'with a size by an unknown name',
      { size: { edge: 2 } },
      `a number, height and width, or shortest_edge for size but received '{"edge":2}'.`,
    ],
    [
      'with a longest_edge below shortest_edge',
      { size: { shortest_edge: 4, longest_edge: 2 } },
      `a longest_edge of at least shortest_edge for size but received '{"shortest_edge":4,"longest_edge":2}'.`,
    ],
    [
      'with a crop that the graph does not take',
      { size, crop_size: 3 },
      "2 × 2, which the graph takes, for crop_size but received '3 × 3'.",
    ],
    [
      'with a size that the graph does not take',
      { size: 3 },
      "2 × 2, which the graph takes, for size but received '3 × 3'.",
    ],
    [
      'with pictures of every shape',
      { size: { shortest_edge: 2 } },
      'a crop, or a size with height and width, so that every picture comes to one size, for crop_size but received nothing.',
    ],
    [
      'with a crop_pct above 1',
      { size: { shortest_edge: 2 }, crop_pct: 1.5 },
      'a number above 0, at most 1, for crop_pct but received 1.5.',
    ],
    [
      'with a filter that has no equal here',
      { size, resample: 4 },
      '0 (nearest), 1 (lanczos), 2 (bilinear) or 3 (bicubic) for resample but received 4.',
    ],
    [
      'with a deviation of 0',
      { size, image_std: [1, 0, 1] },
      `three numbers above 0 for image_std but received '[1,0,1]'.`,
    ],
    [
      'with two means',
      { size, image_mean: [0.5, 0.5] },
      `three numbers for image_mean but received '[0.5,0.5]'.`,
    ],
    [
      'with a flag that is none',
      { size, do_resize: 'yes' },
      "true or false for do_resize but received 'yes'.",
    ],
    [
      'with a number that is none',
      { size, rescale_factor: '1/255' },
      "a number for rescale_factor but received '1/255'.",
    ],
    [
      'by a processor of other steps',
      { size, image_processor_type: 'PerceiverImageProcessor' },
      "a processor that resizes, crops and normalises for image_processor_type but received 'PerceiverImageProcessor'.",
    ],
  ])('%s', async (_, preprocessor, message) => {
    expect(await refusal({ preprocessor })).toBe(`preprocessor_config.json: Expected ${message}`);
  });
});

describe('a graph is refused', () => {
  const what = 'a float32 tensor of batch × 3 × height × width or batch × height × width × 3';
  const info = (name: string, type: 'float32' | 'uint8'): TensorInfo => ({
    name,
    type,
    dims: [1, 3, 2, 2],
  });
  const ofBytes: Graph = {
    inputs: [info('x', 'uint8')],
    outputs: [info('logits', 'uint8')],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['logits'] }],
  };
  const ofTwo: Graph = {
    inputs: [info('x', 'float32'), info('y', 'float32')],
    outputs: [info('logits', 'float32')],
    nodes: [{ op: 'Add', inputs: ['x', 'y'], outputs: ['logits'] }],
  };

  it.each<[string, Graph | Uint8Array, string]>([
    ['that is broken', Buffer.from('no graph'), 'an ONNX model that ONNX Runtime can load for '],
    [
      'of another rank',
      flattenGraph([1, 12], 'x'),
      `${what} for x but received 'float32 [1, 12]'.`,
    ],
    ['of another type', ofBytes, `${what} for x but received 'uint8 [1, 3, 2, 2]'.`],
    [
      'of a fixed batch',
      flattenGraph([8, 3, 2, 2], 'x'),
      `${what} for x but received 'float32 [8, `,
    ],
    [
      'of four channels',
      flattenGraph([1, 4, 2, 2], 'x'),
      `${what} for x but received 'float32 [1, `,
    ],
    ['of two inputs', ofTwo, "one input for the inputs but received 'x, y'."],
  ])('%s', async (_, graph, message) => {
    expect(await refusal({ graph })).toContain(`model.onnx: Expected ${message}`);
  });
});

describe('a folder of models is refused', () => {
  it('when there is no model in it', async () => {
    const modelsDir = temporaryFolder();
    mkdirSync(join(modelsDir, 'empty'));
    const message = `${modelsDir}: Expected a folder with a model in a folder of its own for MODELS_DIR but received nothing.`;
    await expect(findModelFolders(modelsDir)).rejects.toThrow(message);
    await expect(findModelFolders(join(modelsDir, 'missing'))).rejects.toThrow(ModelFolderError);
  });

  it('when it, one in it, or a graph cannot be read, in a sentence with the system’s code', async () => {
    const modelsDir = temporaryFolder();
    // A link to itself is unreadable to root too.
    const loop = join(modelsDir, 'loop');
    symlinkSync('loop', loop);
    const message = `${loop}: Expected a folder that can be read for the folder but received 'ELOOP'.`;
    await expect(findModelFolders(loop)).rejects.toThrow(message);
    await expect(findModelFolders(modelsDir)).rejects.toThrow(message);
    await expect(sha256Of(loop)).rejects.toThrow(
      `${loop}: Expected a file that can be read for the file but received 'ELOOP'.`,
    );
  });

  it('when a job could not name one of its models', async () => {
    const folder = writeModelFolder({ name: 'my model' });
    await expect(findModelFolders(join(folder, '..'))).rejects.toThrow(
      "Expected a letter or a digit, then at most 99 of letters, digits, dots, _ and -, for the folder's name but received 'my model'.",
    );
  });

  it('never for a folder that has no model’s files or begins with a dot', async () => {
    const folder = writeModelFolder();
    mkdirSync(join(folder, '..', 'my notes'));
    writeModelFolder({ name: '.hidden', modelsDir: join(folder, '..') });
    symlinkSync(join(folder, 'config.json'), join(folder, '..', 'link-to-a-file'));
    symlinkSync('lost+found', join(folder, '..', 'lost+found'));
    expect(await findModelFolders(join(folder, '..'))).toEqual([folder]);
  });
});
