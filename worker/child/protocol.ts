import type { ModelInfo } from '../../shared/model-info.ts';
import type { Outcome } from '../../shared/outcome.ts';

/**
 * What passes between a worker and its child: messages over Node's IPC, and the bytes of images over a pipe beside it
 * (`image-pipe.ts`), so that nobody puts them into a message, and takes them out again. The worker sends one group of
 * images at a time, all for the same model; the child answers each group once.
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

/** A group of images as a message: the bytes of each are to be read from the pipe, in the same order. */
export interface ChildMessage {
  model: string;
  images: (Omit<ChildRequest, 'image' | 'model'> & { bytes: number })[];
}

export type ImageAnswer =
  | { outcome: Outcome }
  /** The unexpected, as its stack, which is tried again. The worker logs it; no user sees it. */
  | { threw: string };

export type ChildAnswer =
  /** Sent once, when every model is loaded and warmed. */
  | { type: 'ready'; models: ModelInfo[] }
  /** Sent once instead of `ready`: a model folder cannot work; the sentence names file, field, expected, received. */
  | { type: 'unusable'; reason: string }
  /** Of a group's images, in their order. */
  | { type: 'answers'; answers: ImageAnswer[] };
