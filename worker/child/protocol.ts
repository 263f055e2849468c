import type { ModelInfo } from '../../shared/model-info.ts';
import type { Outcome } from '../../shared/outcome.ts';

/**
 * What passes between a worker and its child, over Node's IPC with `serialization: 'advanced'`, which carries
 * image bytes as they are. The worker sends one request at a time; the child answers each with one answer.
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

export type ChildAnswer =
  /** Sent once, when every model is loaded and warmed. */
  | { type: 'ready'; models: ModelInfo[] }
  /** Sent once instead of `ready`: a model folder cannot work; the sentence names file, field, expected, received. */
  | { type: 'unusable'; reason: string }
  | { type: 'outcome'; outcome: Outcome }
  /** The unexpected, which is tried again. The worker logs the stack; no user sees it. */
  | { type: 'threw'; stack: string };
