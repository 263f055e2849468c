import { stringify } from 'csv-stringify/sync';
import type { ResultsFormat } from './results-format.ts';

/** RFC 4180, a row an image, with `topK` pairs of label and confidence. A spreadsheet runs no cell of it as a formula. */
export function csvFormat(topK: number): ResultsFormat {
  const write = (cells: (string | number)[][]) =>
    // The library quotes for the record's delimiter only, and a name may hold half of it.
    stringify(cells, { record_delimiter: '\r\n', escape_formulas: true, quoted_match: /[\r\n]/ });
  const ranks = Array.from({ length: topK }, (_, rank) => (rank === 0 ? '' : `_${rank + 1}`));
  const pairs = ranks.flatMap((suffix) => [`label${suffix}`, `confidence${suffix}`]);
  return {
    contentType: 'text/csv; charset=utf-8',
    head: write([['index', 'id', 'status', 'error_code', ...pairs]]),
    write: (rows) =>
      write(
        rows.map(({ index, id, status, error, predictions = [] }) => [
          index,
          id,
          status,
          error?.code ?? '',
          ...ranks.flatMap((_, rank) => [
            predictions[rank]?.label ?? '',
            predictions[rank]?.confidence ?? '',
          ]),
        ]),
      ),
  };
}
