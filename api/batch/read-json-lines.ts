import { gatherBytes } from '../upload/gather-bytes.ts';
import { maxJsonBytes } from '../upload/read-json.ts';
import type { BatchItem } from './batch-item.ts';
import { itemFromJson } from './item-from-json.ts';
import { skipSpaces } from './json-scan.ts';
import type { UploadBody } from './upload-body.ts';

const LINE_BREAK = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** The items of JSON Lines, one a line, as the lines arrive. A line that is no item fails alone. */
export async function* readJsonLines(
  body: UploadBody,
  maxImageBytes: number,
): AsyncGenerator<BatchItem> {
  // One byte more than an item may have shows that it is too long.
  const line = gatherBytes(maxJsonBytes(maxImageBytes) + 1);
  const take = () => {
    const text = line.take();
    const isBlank = skipSpaces(text, 0) === text.length;
    return isBlank ? undefined : itemFromJson(text, maxImageBytes, false);
  };
  const mark = await body.peek(BYTE_ORDER_MARK.length);
  let skip = mark.equals(BYTE_ORDER_MARK) ? mark.length : 0;
  for await (const chunk of body.chunks()) {
    let from = Math.min(skip, chunk.length);
    skip -= from;
    for (;;) {
      const at = chunk.indexOf(LINE_BREAK, from);
      if (at < 0) break;
      line.add(chunk.subarray(from, at));
      const item = take();
      if (item) yield item;
      from = at + 1;
    }
    line.add(chunk.subarray(from));
  }
  const last = take();
  if (last) yield last;
}
