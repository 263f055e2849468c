import type { Row } from './present-row.ts';

/** How rows are written: a content type, and the text before them and of them. */
export interface ResultsFormat {
  contentType: string;
  head: string;
  write(rows: Row[]): string;
}

export const jsonLines: ResultsFormat = {
  contentType: 'application/jsonl; charset=utf-8',
  head: '',
  write: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
};
