import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ModelFolderError } from './model-folder-error.ts';
import { isModelName } from './model-name.ts';

const files = ['model.onnx', 'config.json', 'preprocessor_config.json'];

/**
 * The folders under `models/` that are meant as models: those with any of the three files. Folders that begin with a
 * dot are passed over. Throws ModelFolderError where there is none, or one that no job could name.
 */
export async function findModelFolders(modelsDir: string): Promise<string[]> {
  const entries = existsSync(modelsDir) ? await readdir(modelsDir, { withFileTypes: true }) : [];
  const folders = entries
    .filter(
      (entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink()),
    )
    .map(({ name }) => join(modelsDir, name))
    .filter((folder) => files.some((file) => existsSync(join(folder, file))))
    .sort();
  const nameless = folders.find((folder) => !isModelName(basename(folder)));
  if (nameless) {
    const what = 'a letter or a digit, then at most 99 of letters, digits, dots, _ and -,';
    throw new ModelFolderError(nameless, "the folder's name", what, basename(nameless));
  }
  if (folders.length > 0) return folders;
  throw new ModelFolderError(
    modelsDir,
    'MODELS_DIR',
    'a folder with a model in a folder of its own',
    undefined,
  );
}
