import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ModelFolderError, unreadable } from './model-folder-error.ts';
import { isModelName } from './model-name.ts';

const files = ['model.onnx', 'config.json', 'preprocessor_config.json'];

/**
 * The folders under `models/` that are meant as models: those with any of the three files. Folders that begin with a
 * dot are passed over. Throws ModelFolderError where there is none, or one that no job could name or nobody can read.
 */
export async function findModelFolders(modelsDir: string): Promise<string[]> {
  const entries = await readdir(modelsDir, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(modelsDir, 'folder', error);
  });
  const folders: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.') || !(entry.isDirectory() || entry.isSymbolicLink())) continue;
    const folder = join(modelsDir, entry.name);
    if (await isMeantAsModel(folder)) folders.push(folder);
  }
  const nameless = folders.find((folder) => !isModelName(basename(folder)));
  if (nameless) {
    const what = 'a letter or a digit, then at most 99 of letters, digits, dots, _ and -,';
    throw new ModelFolderError(nameless, "the folder's name", what, basename(nameless));
  }
  if (folders.length > 0) return folders.sort();
  throw new ModelFolderError(
    modelsDir,
    'MODELS_DIR',
    'a folder with a model in a folder of its own',
    undefined,
  );
}

async function isMeantAsModel(folder: string): Promise<boolean> {
  try {
    const names = await readdir(folder);
    return files.some((file) => names.includes(file));
  } catch (error) {
    // lost+found stands in a volume's root and is root's alone; a link may lead to a file.
    const isNone = error instanceof Error && 'code' in error && error.code === 'ENOTDIR';
    if (isNone || !isModelName(basename(folder))) return false;
    throw unreadable(folder, 'folder', error);
  }
}
