import { randomUUID } from 'node:crypto';
import type { Prediction } from '../../shared/prediction.ts';
import { batchLines } from './batch-lines.ts';
import { type HttpAnswer, type HttpRequest, httpRequest } from './http-request.ts';
import { patientRequest, reasonOf } from './patient-request.ts';
import type { Picture } from './picture.ts';
import type { Failure } from './row.ts';
import { ServerError } from './server-error.ts';

/** What is read of the API's batches and rows. */
export interface Batch {
  id: string;
  status: 'receiving' | 'processing' | 'completed' | 'canceled';
  counts: Record<'total' | 'succeeded' | 'failed' | 'canceled', number>;
  error?: Failure;
}

export interface BatchRow {
  status: 'queued' | 'processing' | 'succeeded' | 'failed' | 'canceled';
  job_id: string;
  predictions?: Prediction[];
  error?: Failure;
}

/** Any answer but an upload's comes within this time, or the connection is dead. */
const ANSWER_MS = 30_000;
/** How long an upload may take to end, and a batch to be canceled, once the user wants to stop. */
const STOP_MS = 5_000;

export type BatchClient = ReturnType<typeof createBatchClient>;

interface ClientOptions {
  server: string;
  apiKey: string | undefined;
  /** Options of the pictures, as query parameters. */
  query: URLSearchParams;
  /** Aborts when the user wants to stop. */
  signal: AbortSignal;
  onTrouble: (reason: string, waitMs: number) => void;
}

/** Batches of a server, as its API gives them to anyone. */
export function createBatchClient({ server, apiKey, query, signal, onTrouble }: ClientOptions) {
  const headers = {
    'User-Agent': 'darkroom-cli',
    ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}),
  };
  const abandoned = afterwards(signal, STOP_MS);
  const call = (path: string, options: Partial<HttpRequest> = {}) =>
    httpRequest(`${server}${path}`, {
      method: 'GET',
      signal: signal.aborted ? abandoned : signal,
      ...(options.body ? {} : { idleMs: ANSWER_MS }),
      ...options,
      headers: { ...headers, ...options.headers },
    });
  const patiently = (attempt: () => Promise<HttpAnswer>, patienceMs?: number) => {
    const patience = patienceMs === undefined ? {} : { patienceMs };
    return answerOf(server, patientRequest(attempt, { signal, onTrouble, ...patience }));
  };
  const read = (path: string) => patiently(() => call(path));

  return {
    /** Throws where the server cannot be reached, is none of ours or does not take the key. */
    async check(): Promise<void> {
      await patiently(() => call('/v1/batches?limit=1'), 0);
    },

    /** Sends pictures as one batch; a try whose answer is lost is made again under the same key. */
    async submit(pictures: Picture[]): Promise<Batch> {
      const own = { 'Content-Type': 'application/jsonl', 'Idempotency-Key': randomUUID() };
      const post = () =>
        call(`/v1/batches?${query}`, {
          method: 'POST',
          headers: own,
          body: batchLines(pictures, signal),
          signal: abandoned,
        });
      return parse<Batch>(await patiently(post));
    },

    /** Reads a batch, at once when it is final and after `waitSeconds` otherwise. */
    async read(id: string, waitSeconds: number): Promise<Batch> {
      return parse<Batch>(await read(`/v1/batches/${id}?wait=${waitSeconds}`));
    },

    /** Reads rows from an index on, also after the user wanted to stop. */
    async rows(id: string, from: number, limit: number): Promise<BatchRow[]> {
      const path = `/v1/batches/${id}/results?after=${from - 1}&limit=${limit}`;
      return (await read(path)).body.split('\n').filter(Boolean).map(parseLine);
    },

    async cancel(id: string): Promise<void> {
      await call(`/v1/batches/${id}`, { method: 'DELETE' });
    },
  };
}

/** The answer where it is a good one. Throws what is wrong otherwise. */
async function answerOf(server: string, answering: Promise<HttpAnswer>): Promise<HttpAnswer> {
  const answer = await answering.catch((error: Error) => {
    if (error.name === 'AbortError') throw error;
    const message = `Expected a Darkroom at ${server}, but it cannot be reached: ${reasonOf(error)}.`;
    throw new ServerError(message, undefined, error);
  });
  if (answer.status < 300) return answer;
  const { title, detail, code } = problemOf(answer.body);
  const said = title
    ? [title, detail].filter(Boolean).join(' ')
    : 'It is no Darkroom that we know.';
  throw new ServerError(`${server} answers ${answer.status}: ${said}`, code);
}

function problemOf(body: string): Partial<Failure> {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}

function parse<T>({ body }: HttpAnswer): T {
  return JSON.parse(body) as T;
}

function parseLine(line: string): BatchRow {
  return JSON.parse(line) as BatchRow;
}

/** Aborts some time after another signal has. */
function afterwards(signal: AbortSignal, ms: number): AbortSignal {
  const late = new AbortController();
  const begin = () => setTimeout(() => late.abort(), ms).unref();
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return late.signal;
}
