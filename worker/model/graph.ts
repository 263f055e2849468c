import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { ModelFolderError, unreadable } from './model-folder-error.ts';

/** One thread a session and no spinning: as many processes as cores are faster than threads (see DESIGN.md). */
const sessionOptions: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};

/** A folder's graph: beside the configuration, or in the folder where the Hugging Face Hub keeps exports. */
export function findGraph(folder: string): string {
  const beside = join(folder, 'model.onnx');
  const file = [beside, join(folder, 'onnx', 'model.onnx')].find((path) => existsSync(path));
  if (file) return file;
  throw new ModelFolderError(beside, 'the file', 'an ONNX model', undefined);
}

/** Opened by its path: ONNX Runtime then finds weights in files beside it, and no copy stays in this process. */
export async function openGraph(file: string): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(file, sessionOptions);
  } catch (error) {
    const what = 'an ONNX model that ONNX Runtime can load';
    throw new ModelFolderError(file, 'the graph', what, reasonOf(error));
  }
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk);
  } catch (error) {
    throw unreadable(file, 'file', error);
  }
  return hash.digest('hex');
}

/** The first line of what ONNX Runtime says. */
export function reasonOf(error: unknown): string | undefined {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
