import { setImmediate } from 'node:timers/promises';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { PublicError } from '../../shared/errors.ts';
import { optionsFromText } from '../../shared/job-options.ts';
import { gatherBytes } from '../upload/gather-bytes.ts';

/** Bounds on what stands beside the files: options are short, and there are few of them. */
const MAX_FIELDS = 32;
const MAX_FIELD_BYTES = 1024;

export interface ParsedFile {
  field: string;
  filename: string | undefined;
  /** Undefined where there were too many. */
  bytes: Buffer | undefined;
}

/** A parser of multipart/form-data that gives files whole and is fed by hand, so that it holds one and a bit of the next. */
export interface FilesParser {
  /** Takes the next bytes, or the end, and resolves when it has worked them off. */
  feed(chunk: Buffer | undefined): Promise<void>;
  /** The next file that is whole. */
  shift(): ParsedFile | undefined;
  /** What else was sent; complete after the end. */
  readonly options: Record<string, unknown>;
  /** Why it can go no further. */
  readonly failure: PublicError | undefined;
}

/** A part with one of the names is a file, also without a file's name. */
export function createFilesParser(
  contentType: string,
  names: string[],
  maxFileBytes: number,
): FilesParser {
  const parser = createParser(contentType, names, maxFileBytes);
  const files: ParsedFile[] = [];
  const options: Record<string, unknown> = {};
  const fields = new Map<string, string[]>();
  let failure: PublicError | undefined;
  let isFinished = false;

  parser.on('file', (field, stream, filename) =>
    collect(stream, maxFileBytes, (bytes) => files.push({ field, filename, bytes })),
  );
  parser.on('field', (name, value, _nameCut, valueCut) => {
    if (valueCut) failure ??= tooMuch(`${MAX_FIELD_BYTES} bytes for ${name}`);
    fields.set(name, [...(fields.get(name) ?? []), value]);
    Object.assign(options, optionsFromText(fields));
  });
  parser.on('fieldsLimit', () => {
    failure ??= tooMuch(`${MAX_FIELDS} fields`);
  });
  parser.once('finish', () => {
    isFinished = true;
  });
  parser.on('error', (error) => {
    failure ??= malformed(error);
  });
  return {
    options,
    get failure() {
      return failure;
    },
    shift: () => files.shift(),
    async feed(chunk) {
      if (chunk) await new Promise<void>((resolve) => parser.write(chunk, () => resolve()));
      else parser.end();
      // What the parser tells of a piece, it tells in the ticks after it.
      await setImmediate();
      // Nothing more comes: what is not finished now never will be.
      if (!chunk && !isFinished) failure ??= malformed('no end');
    },
  };
}

function collect(
  stream: BusboyFileStream,
  maxFileBytes: number,
  done: (bytes: Buffer | undefined) => void,
): void {
  const gathering = gatherBytes(maxFileBytes);
  stream.on('data', (chunk: Buffer) => gathering.add(chunk));
  stream.once('limit', () => gathering.take());
  stream.once('end', () => done(stream.truncated ? undefined : gathering.take()));
  // A file that is cut off: its end tells nothing, and the parser reports the same fault itself.
  stream.once('error', () => stream.removeAllListeners('end'));
}

function createParser(contentType: string, names: string[], maxFileBytes: number): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: (name, _type, filename) => names.includes(name ?? '') || filename !== undefined,
      limits: {
        fileSize: maxFileBytes,
        fields: MAX_FIELDS,
        fieldSize: MAX_FIELD_BYTES,
        headerPairs: 20,
      },
    });
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause: unknown): PublicError {
  const detail =
    'Expected multipart/form-data with a boundary and an end but received something else.';
  return new PublicError('malformed_multipart', detail, { cause });
}

function tooMuch(limit: string): PublicError {
  return new PublicError('invalid_request', `Expected at most ${limit} but received more.`);
}
