import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { encodeModel, type Graph } from './encode-model.ts';
import { flattenGraph } from './flatten-graph.ts';

/** Each file's content: a string or bytes stand as they are, an object as JSON; null leaves the file away. */
export interface ModelFiles {
  graph?: Graph | Uint8Array | null;
  config?: object | string | null;
  preprocessor?: object | string | null;
  /** The folder's name. */
  name?: string;
  /** Where the folder goes; by default into a temporary one of its own. */
  modelsDir?: string;
}

/** Writes a model's folder and gives its path; by default a model of 2 × 2 pixels that works. */
export function writeModelFolder({
  graph = flattenGraph(['batch', 3, 2, 2]),
  config = { id2label: labels(12) },
  preprocessor = { size: { height: 2, width: 2 } },
  name = 'tiny',
  modelsDir = temporaryFolder(),
}: ModelFiles = {}): string {
  const folder = join(modelsDir, name);
  mkdirSync(folder, { recursive: true });
  const write = (file: string, content: object | string | Uint8Array | null) => {
    if (content === null) return;
    const asIs = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(folder, file), asIs ? content : JSON.stringify(content));
  };
  write('model.onnx', graph && 'nodes' in graph ? encodeModel(graph) : graph);
  write('config.json', config);
  write('preprocessor_config.json', preprocessor);
  return folder;
}

/** `count` labels by index, as `id2label` has them. */
export function labels(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [index, `label ${index}`]));
}

/** A folder that is gone when the test is. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
