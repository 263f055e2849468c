import type { ErrorCode } from '../../shared/errors.ts';
import type { ImageInfo } from '../../shared/outcome.ts';

/** What is wrong with an image itself: it becomes the job's outcome, and is not tried again. */
export class ImageFault extends Error {
  readonly code: ErrorCode;
  /** What is known of the image, where the header could be read. */
  readonly image: ImageInfo | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    { image, cause }: { image?: ImageInfo; cause?: unknown } = {},
  ) {
    super(detail, { cause });
    this.code = code;
    this.image = image;
  }
}
