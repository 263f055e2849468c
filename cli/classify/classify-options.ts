import { expected, PublicError } from '../../shared/errors.ts';
import { optionsFromText, parseJobOptions } from '../../shared/job-options.ts';
import { UsageError } from '../usage-error.ts';
import { type FormatName, formatNames } from './row-format.ts';

const DEFAULT_SERVER = 'http://localhost:3000';
/** Pictures in a batch: a few seconds' work, so that little is sent anew after a kill. */
const DEFAULT_CHUNK = 200;
/** What the API takes in a batch. */
const MAX_CHUNK = 50_000;

/** Options as they were typed. */
export interface TypedOptions {
  format?: string;
  model?: string;
  topK?: string;
  minConfidence?: string;
  resume?: string;
  server?: string;
  apiKey?: string;
  chunk?: string;
}

export type ClassifyOptions = ReturnType<typeof parseClassifyOptions>;

/** Options of the command line, and of the environment where the command line has none. Throws a UsageError. */
export function parseClassifyOptions(typed: TypedOptions, env: Record<string, string | undefined>) {
  const fields = {
    model: typed.model,
    top_k: typed.topK,
    min_confidence: typed.minConfidence,
  };
  const given = Object.entries(fields).filter(
    (field): field is [string, string] => field[1] !== undefined,
  );
  const topK = parseTopK(given);
  const format: FormatName = parseFormat(typed.format);
  return {
    format,
    resume: typed.resume,
    server: parseServer(typed.server || env.DARKROOM_SERVER || DEFAULT_SERVER),
    apiKey: parseKey(typed.apiKey || env.DARKROOM_API_KEY),
    chunk: parseChunk(typed.chunk),
    model: typed.model,
    query: new URLSearchParams(given),
    /** Predictions that a row is written with: a table shows the best alone unless it is told otherwise. */
    topK: format === 'table' && !typed.topK ? 1 : topK,
  };
}

function parseTopK(given: [string, string][]): number {
  try {
    return parseJobOptions(optionsFromText(given.map(([name, text]) => [name, [text]]))).top_k;
  } catch (error) {
    throw error instanceof PublicError ? new UsageError(error.message) : error;
  }
}

function parseFormat(text = 'table'): FormatName {
  const name = formatNames.find((known) => known === text);
  if (name) return name;
  throw new UsageError(expected(`one of ${formatNames.join(', ')}`, '--format', text));
}

/** The server's address without a slash at its end; it may have a path, as behind a proxy. */
function parseServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.search)
    return url.href.replace(/\/+$/, '');
  throw new UsageError(expected('a URL as https://darkroom.example.com', '--server', text));
}

/** A key that no header can carry is not repeated: it may be a good one with a line break behind it. */
function parseKey(text: string | undefined): string | undefined {
  const key = text?.trim() || undefined;
  if (!key || /^[\x21-\x7e]+$/.test(key)) return key;
  throw new UsageError('Expected letters, digits and signs without spaces for --api-key.');
}

function parseChunk(text: string | undefined): number {
  if (text === undefined) return DEFAULT_CHUNK;
  const size = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= MAX_CHUNK) return size;
  throw new UsageError(expected(`a whole number from 1 to ${MAX_CHUNK}`, '--chunk', text));
}
