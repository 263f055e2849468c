import type { Row } from './row.ts';
import type { FormatOptions, RowFormat } from './row-format.ts';

/** The width of the path's column is bounded, so that one long path does not push all else out of sight. */
const MAX_PATH_WIDTH = 60;
const STATUS_WIDTH = 'succeeded'.length;
const CONFIDENCE_WIDTH = 'CONFIDENCE'.length;
const LABEL_WIDTH = 28;

/** Columns for people. Widths are settled beforehand, since rows are written as they come. */
export function tableFormat({ topK, pathWidth }: FormatOptions): RowFormat {
  const widths = [Math.min(Math.max(pathWidth, 4), MAX_PATH_WIDTH), STATUS_WIDTH];
  for (let rank = 0; rank < topK; rank += 1) widths.push(CONFIDENCE_WIDTH, LABEL_WIDTH);
  const line = (cells: string[]) =>
    `${cells
      .map((cell, column) => pad(printable(cell), widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`;
  const pairs = Array.from({ length: topK }, () => ['CONFIDENCE', 'LABEL']).flat();
  return {
    head: line(['PATH', 'STATUS', ...pairs]),
    write: (rows) =>
      rows.map((row) => line([row.path, row.status, ...rankings(row, topK)])).join(''),
    tail: '',
  };
}

/** What failed has its code in the label's place. */
function rankings({ predictions = [], error }: Row, topK: number): string[] {
  if (error) return ['-', error.code];
  return predictions
    .slice(0, topK)
    .flatMap(({ confidence, label }) => [confidence.toFixed(4), label]);
}

/** A name with a line break, or with a terminal's control sequence, does nothing to the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}
