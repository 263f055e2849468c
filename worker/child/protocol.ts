import type { ModelInfo } from '../../shared/model-info.ts';
import type { Outcome } from '../../shared/outcome.ts';

/**
 * What passes between a worker and its child: messages over Node's IPC, and the bytes of images over a pipe beside it
 * (`image-pipe.ts`), so that nobody puts them into a message, and takes them out again. The worker sends one request at
 * a time; the child answers each with one answer.
 */

/** The child's settings, as JSON in its first argument: a child sees no environment, hence no secret. */
export interface ChildSettings {
  modelsDir: string;
  maxImagePixels: number;
}

export interface ChildRequest {
  image: Uint8Array;
  model: string;
  topK: number;
  minConfidence: number;
}

/** A request as a message: the bytes of its image are to be read from the pipe. */
export type ChildMessage = Omit<ChildRequest, 'image'> & { bytes: number };

export type ChildAnswer =
  /** Sent once, when every model is loaded and warmed. */
  | { type: 'ready'; models: ModelInfo[] }
  /** Sent once instead of `ready`: a model folder cannot work; the sentence names file, field, expected, received. */
  | { type: 'unusable'; reason: string }
  | { type: 'outcome'; outcome: Outcome }
  /** The unexpected, which is tried again. The worker logs the stack; no user sees it. */
  | { type: 'threw'; stack: string };
