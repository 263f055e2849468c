import type { ModelInfo } from '../../shared/model-info.ts';
import type { Outcome } from '../../shared/outcome.ts';

/**
 * What passes between a worker and its child: groups of images over a pipe (`image-pipe.ts`), so that nobody puts bytes
 * into a message and takes them out again, and answers over Node's IPC. The worker sends one group at a time, all for the
 * same model; the child answers each group once.
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

/** What stands before a group of images in the pipe: how many bytes each has, in their order, and what is asked of it. */
export interface GroupHeader {
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
