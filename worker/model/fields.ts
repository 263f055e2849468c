import { ModelFolderError } from './model-folder-error.ts';
import { isObject, type JsonObject } from './read-json.ts';

/** Reads the fields of one JSON file of a model folder; a wrong one throws with file, field, expected, received. */
export function fieldsOf(file: string, json: JsonObject) {
  const refuse = (field: string, what: string): never => {
    throw new ModelFolderError(file, field, what, json[field]);
  };
  return {
    refuse,
    has: (field: string): boolean => json[field] !== undefined,
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
    perChannel(field: string, isRight: (value: number) => boolean, what: string): number[] {
      const value = json[field];
      const numbers = typeof value === 'number' ? [value] : value;
      const right =
        Array.isArray(numbers) &&
        (numbers.length === 3 || numbers.length === 1) &&
        numbers.every((number) => typeof number === 'number' && isRight(number));
      if (!right) return refuse(field, what);
      return numbers.length === 1 ? [numbers[0], numbers[0], numbers[0]] : numbers;
    },
    /** A size as Hugging Face writes it: a number, an object of named numbers, or once height and width in a list. */
    size(field: string): number | Record<string, number> | undefined {
      const value = json[field];
      if (value === undefined || value === null) return undefined;
      const what = 'a whole number of pixels from 1 to 4096, or an object of them';
      if (isPixels(value)) return value;
      if (Array.isArray(value) && value.length === 2 && value.every(isPixels)) {
        const [height = 0, width = 0] = value;
        return { height, width };
      }
      if (isObject(value)) {
        // Newer versions write every name that there is, with null for those that do not count.
        const named = Object.entries(value).filter(([, number]) => number !== null);
        if (named.every((entry): entry is [string, number] => isPixels(entry[1]))) {
          return Object.fromEntries(named);
        }
      }
      return refuse(field, what);
    },
  };
}

function isPixels(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 4096;
}
