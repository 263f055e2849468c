import { ModelFolderError } from './model-folder-error.ts';
import { isObject, type JsonObject } from './read-json.ts';

/** Reads the fields of one JSON file of a model folder; a wrong one throws with file, field, expected, received. */
export function fieldsOf(file: string, json: JsonObject) {
  const refuse = (field: string, what: string): never => {
    throw new ModelFolderError(file, field, what, show(json[field]));
  };
  return {
    refuse,
    flag(field: string, fallback: boolean): boolean {
      const value = json[field] ?? fallback;
      return typeof value === 'boolean' ? value : refuse(field, 'true or false');
    },
    number(field: string, fallback: number): number {
      const value = json[field] ?? fallback;
      return typeof value === 'number' && Number.isFinite(value)
        ? value
        : refuse(field, 'a number');
    },
    /** Three numbers, one for each channel; a single one stands for all. */
    perChannel(
      field: string,
      fallback: number[],
      isRight: (value: number) => boolean,
      what: string,
    ): number[] {
      const value = json[field] ?? fallback;
      const numbers = typeof value === 'number' ? [value] : value;
      const right =
        Array.isArray(numbers) &&
        (numbers.length === 3 || numbers.length === 1) &&
        numbers.every((number) => typeof number === 'number' && isRight(number));
      if (!right) return refuse(field, what);
      return numbers.length === 1 ? [numbers[0], numbers[0], numbers[0]] : numbers;
    },
    /** A size as Hugging Face writes it: a number, or an object of named numbers. */
    size(field: string): number | Record<string, number> | undefined {
      const value = json[field];
      if (value === undefined || value === null) return undefined;
      const what = 'a whole number of pixels from 1 to 4096, or an object of them';
      if (isPixels(value)) return value;
      if (
        isObject(value) &&
        Object.keys(value).length > 0 &&
        Object.values(value).every(isPixels)
      ) {
        return value as Record<string, number>;
      }
      return refuse(field, what);
    },
  };
}

function isPixels(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 4096;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
