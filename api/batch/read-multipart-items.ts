import { expected, PublicError } from '../../shared/errors.ts';
import { imageTooLarge } from '../upload/read-upload.ts';
import type { BatchForm, BatchItem } from './batch-item.ts';
import { failedItem } from './failed-item.ts';
import { parseItemId } from './item-id.ts';
import { createFilesParser, type ParsedFile } from './parse-files.ts';
import type { UploadBody } from './upload-body.ts';

const FILE_FIELDS = ['images', 'image'];

/** The files of multipart/form-data as they arrive. Throws `malformed_multipart` at once where there is no boundary. */
export function readMultipartItems(
  contentType: string,
  body: UploadBody,
  maxImageBytes: number,
): BatchForm {
  const parser = createFilesParser(contentType, FILE_FIELDS, maxImageBytes);

  async function* items(): AsyncGenerator<BatchItem> {
    for (let isOver = false; !isOver; ) {
      const chunk = await body.next();
      isOver = chunk === undefined;
      await parser.feed(chunk);
      for (let file = parser.shift(); file; file = parser.shift()) {
        // What a browser sends for an input in which nothing was chosen.
        if (file.filename === '' && file.bytes?.length === 0) continue;
        yield toItem(file, maxImageBytes);
      }
      if (parser.failure) throw parser.failure;
    }
  }
  return { items: items(), options: parser.options };
}

function toItem({ field, filename, bytes }: ParsedFile, maxImageBytes: number): BatchItem {
  let id: string | undefined;
  try {
    id = parseItemId(filename);
    if (!FILE_FIELDS.includes(field))
      throw new PublicError('malformed_item', expected('the field images', 'a file', field));
    if (!bytes) throw imageTooLarge(maxImageBytes);
    return { id, image: bytes };
  } catch (error) {
    if (error instanceof PublicError) return failedItem(id, error);
    throw error;
  }
}
