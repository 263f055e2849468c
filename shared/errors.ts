/**
 * The closed list of what can go wrong, for HTTP answers and failed jobs alike: code → status and public title.
 * A job's own failure carries the status that `POST /v1/classify` answers with.
 * `docs/errors.md` says of each what happened and what to do; a test compares the two lists.
 */
export const errorCodes = {
  bad_http: { status: 400, title: 'The request is not valid HTTP.' },
  malformed_archive: { status: 400, title: 'The archive cannot be read.' },
  malformed_item: { status: 422, title: 'The item of the batch cannot be taken.' },
  empty_body: { status: 400, title: 'The request has no image in it.' },
  malformed_json: { status: 400, title: 'The body is not valid JSON.' },
  malformed_multipart: { status: 400, title: 'The body is not valid multipart/form-data.' },
  malformed_base64: { status: 400, title: 'The image is not valid base64.' },
  upload_aborted: { status: 400, title: 'The upload ended before it was complete.' },
  unauthorized: { status: 401, title: 'A valid API key is needed.' },
  forbidden: { status: 403, title: 'The key may not do this.' },
  route_not_found: { status: 404, title: 'There is nothing at this path.' },
  job_not_found: { status: 404, title: 'There is no such job.' },
  batch_not_found: { status: 404, title: 'There is no such batch.' },
  dead_letter_not_found: { status: 404, title: 'There is no such dead letter.' },
  method_not_allowed: { status: 405, title: 'This path does not take this method.' },
  request_timeout: { status: 408, title: 'The request took too long to arrive.' },
  job_not_final: { status: 409, title: 'The job is not finished yet.' },
  batch_not_final: { status: 409, title: 'The batch is not finished yet.' },
  idempotency_conflict: { status: 409, title: 'The Idempotency-Key was used for something else.' },
  job_canceled: { status: 409, title: 'The job was canceled.' },
  expired: { status: 410, title: 'It has expired.' },
  image_too_large: { status: 413, title: 'The image is too large.' },
  batch_too_large: { status: 413, title: 'The batch is too large.' },
  not_an_image: { status: 415, title: 'The bytes are not an image.' },
  unsupported_image_type: { status: 415, title: 'This type of image is not taken.' },
  unsupported_batch_type: { status: 415, title: 'This form of batch is not taken.' },
  invalid_request: { status: 422, title: 'A part of the request is wrong.' },
  empty_batch: { status: 422, title: 'The batch has no image in it.' },
  unknown_model: { status: 422, title: 'There is no such model.' },
  rate_limited: { status: 429, title: 'Too many calls.' },
  headers_too_large: { status: 431, title: 'The request line or the headers are too large.' },
  undecodable_image: { status: 422, title: 'The image cannot be decoded.' },
  too_many_pixels: { status: 422, title: 'The image has too many pixels.' },
  image_crashed: { status: 422, title: 'The image crashed the process that opened it.' },
  image_timed_out: { status: 422, title: 'The image took too long to classify.' },
  image_out_of_memory: { status: 422, title: 'The image took too much memory to classify.' },
  internal: { status: 500, title: 'Something went wrong on our side.' },
  queue_full: { status: 503, title: 'The queue is full.' },
  unavailable: { status: 503, title: 'The service cannot be used right now.' },
  classify_timeout: { status: 504, title: 'The job was not finished in time.' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** RFC 9457 problem details, as answered over HTTP and as kept in a failed job. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail?: string;
}

/** The problem document of a code. `detail` is public: no path, no stack, no internal message. */
export function problem(code: ErrorCode, detail?: string): Problem {
  const { status, title } = errorCodes[code];
  return { type: `/docs/errors#${code}`, title, status, code, ...(detail ? { detail } : {}) };
}

/** An error with a public side (code, detail) and a private one (cause), thrown where a request is refused. */
export class PublicError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly headers: Record<string, string>;

  constructor(
    code: ErrorCode,
    detail?: string,
    options: { cause?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(detail ?? errorCodes[code].title, { cause: options.cause });
    this.name = 'PublicError';
    this.code = code;
    this.detail = detail;
    this.headers = options.headers ?? {};
  }
}

/** The grammar of all refusals, after sharp's. What was received is cut, so that an answer never repeats an upload. */
export function expected(what: string, name: string, received: unknown): string {
  return `Expected ${what} for ${name} but received ${show(received)}.`;
}

/** Shows a value of any JSON. An array or an object by that word alone: as a text it may be endless, or throw. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  const text = String(value);
  // Half a surrogate pair, sent or cut, would make an answer that strict JSON parsers refuse.
  const shown = (text.length > 80 ? `${text.slice(0, 80)}…` : text).replaceAll(
    /\p{Cs}/gu,
    '\ufffd',
  );
  return typeof value === 'string' ? `'${shown}'` : shown;
}
