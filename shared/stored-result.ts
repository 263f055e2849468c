import type { ErrorCode } from './errors.ts';
import type { ImageFormat } from './image-formats.ts';
import type { JobResult } from './job-record.ts';
import type { ImageInfo } from './outcome.ts';

/**
 * Redis keeps a hash in a third of the memory while no value is longer than 64 bytes and there are at most 128 fields.
 * So a result is a JSON array, in ASCII, that stands in pieces of that size in the fields `0`, `1` and so on of the
 * job's hash. One that would be too many is one piece, whatever its size.
 */
const PIECE_BYTES = 64;
const MOST_PIECES = 64;

type Size = [format: ImageFormat, width: number, height: number];
type Row = [label: string, confidence: number, index: number];
type Canceled = [finishedAt: number];
type Failed = [finishedAt: number, size: Size | null, code: ErrorCode, detail: string];
type Succeeded = [finishedAt: number, size: Size, decodeMs: number, inferenceMs: number, ...Row[]];

/** The result of a job as fields and values of its hash, beside the status. */
export function resultFields(result: JobResult): (string | number)[] {
  const text = asciiOf(JSON.stringify(toStored(result)));
  const size = text.length > MOST_PIECES * PIECE_BYTES ? text.length : PIECE_BYTES;
  const fields: (string | number)[] = [];
  for (let from = 0; from < text.length; from += size) {
    fields.push(from / size, text.slice(from, from + size));
  }
  return fields;
}

/** The result that stands in the fields of a final job's hash. */
export function parseResult(
  status: JobResult['outcome']['status'],
  fields: Record<string, string>,
): JobResult {
  let text = '';
  for (let index = 0; fields[index] !== undefined; index += 1) text += fields[index];
  const stored: unknown = JSON.parse(text);
  switch (status) {
    case 'canceled': {
      const [finishedAt] = stored as Canceled;
      return { finishedAt, outcome: { status } };
    }
    case 'failed': {
      const [finishedAt, size, code, detail] = stored as Failed;
      const image = size ? { image: imageOf(size) } : {};
      return { finishedAt, outcome: { status, code, detail, ...image } };
    }
    case 'succeeded': {
      const [finishedAt, size, decode_ms, inference_ms, ...rows] = stored as Succeeded;
      const predictions = rows.map(([label, confidence, index]) => ({ label, confidence, index }));
      const timings = { decode_ms, inference_ms };
      return { finishedAt, outcome: { status, image: imageOf(size), predictions, timings } };
    }
  }
}

function toStored({ outcome, finishedAt }: JobResult): Canceled | Failed | Succeeded {
  switch (outcome.status) {
    case 'canceled':
      return [finishedAt];
    case 'failed':
      return [
        finishedAt,
        outcome.image ? sizeOf(outcome.image) : null,
        outcome.code,
        outcome.detail,
      ];
    case 'succeeded': {
      const { image, timings, predictions } = outcome;
      const rows = predictions.map(
        ({ label, confidence, index }): Row => [label, confidence, index],
      );
      return [finishedAt, sizeOf(image), timings.decode_ms, timings.inference_ms, ...rows];
    }
  }
}

function sizeOf({ format, width, height }: ImageInfo): Size {
  return [format, width, height];
}

function imageOf([format, width, height]: Size): ImageInfo {
  return { format, width, height };
}

/** JSON without a character of more than one byte, so that it can be cut anywhere. */
function asciiOf(json: string): string {
  return json.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
