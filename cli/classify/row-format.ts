import { stringify } from 'csv-stringify/sync';
import type { Row } from './row.ts';
import { tableFormat } from './table-format.ts';

export const formatNames = ['table', 'jsonl', 'csv', 'json'] as const;
export type FormatName = (typeof formatNames)[number];

/** How rows are written: what stands before them, each of them, and after them. */
export interface RowFormat {
  head: string;
  /** `isFirst` is of the whole output. */
  write(rows: Row[], isFirst: boolean): string;
  tail: string;
}

export interface FormatOptions {
  /** Predictions of a row. */
  topK: number;
  /** Characters of the longest path. */
  pathWidth: number;
}

export function rowFormat(name: FormatName, options: FormatOptions): RowFormat {
  if (name === 'jsonl') return jsonLines;
  if (name === 'json') return json;
  return name === 'csv' ? csv(options.topK) : tableFormat(options);
}

const jsonLines: RowFormat = {
  head: '',
  write: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  tail: '',
};

const json: RowFormat = {
  head: '[',
  write: (rows, isFirst) => {
    const text = rows.map((row) => `\n${JSON.stringify(row)}`).join(',');
    return isFirst ? text : `,${text}`;
  },
  tail: '\n]\n',
};

/** The API's columns, with the path in place of the index. A spreadsheet runs no cell of it as a formula. */
function csv(topK: number): RowFormat {
  const write = (cells: (string | number)[][]) =>
    // A lone line break within a cell it would not quote by itself.
    stringify(cells, { record_delimiter: '\r\n', escape_formulas: true, quoted_match: /[\r\n]/ });
  const ranks = Array.from({ length: topK }, (_, rank) => (rank === 0 ? '' : `_${rank + 1}`));
  const pairs = ranks.flatMap((suffix) => [`label${suffix}`, `confidence${suffix}`]);
  return {
    head: write([['path', 'status', 'error_code', ...pairs]]),
    write: (rows) =>
      write(
        rows.map(({ path, status, error, predictions = [] }) => [
          path,
          status,
          error?.code ?? '',
          ...ranks.flatMap((_, rank) => [
            predictions[rank]?.label ?? '',
            predictions[rank]?.confidence ?? '',
          ]),
        ]),
      ),
    tail: '',
  };
}
