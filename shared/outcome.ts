import type { ErrorCode } from './errors.ts';
import type { ImageFormat } from './image-formats.ts';
import type { Prediction } from './prediction.ts';

/** What is known of a picture: the format by its first bytes, the size in pixels after turning by EXIF. */
export interface ImageInfo {
  format: ImageFormat;
  width: number;
  height: number;
}

/** How long the steps inside the child took, in milliseconds. */
export interface StepTimings {
  decode_ms: number;
  inference_ms: number;
}

/**
 * What came of one image. A picture that cannot be classified is an outcome, not an exception:
 * only the unexpected is thrown and tried again.
 */
export type Outcome =
  | { status: 'succeeded'; image: ImageInfo; predictions: Prediction[]; timings: StepTimings }
  | { status: 'failed'; code: ErrorCode; detail: string; image?: ImageInfo };
