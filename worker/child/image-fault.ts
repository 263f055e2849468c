import type { ErrorCode } from '../../shared/errors.ts';
import type { ImageInfo } from '../../shared/outcome.ts';

/** What is wrong with an image itself: it becomes the job's outcome, and is not tried again. */
export class ImageFault extends Error {
  readonly code: ErrorCode;
  readonly image: ImageInfo | undefined;

  constructor(code: ErrorCode, detail: string, image?: ImageInfo, options?: { cause: unknown }) {
    super(detail, options);
    this.code = code;
    this.image = image;
  }
}
