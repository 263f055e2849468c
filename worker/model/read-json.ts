import { readFile } from 'node:fs/promises';
import { ModelFolderError, unreadable } from './model-folder-error.ts';

export type JsonObject = Record<string, unknown>;

/** Reads a JSON object of a model folder. Throws ModelFolderError where it is missing or no JSON object. */
export async function readJson(file: string): Promise<JsonObject> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, 'file', error);
  }
  const value = parse(text);
  if (isObject(value)) return value;
  throw new ModelFolderError(file, 'the file', 'a JSON object', text);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by the caller, together with JSON that is no object.
    return undefined;
  }
}
