/** What a section of the benchmark has found, as it is printed and as it stands in `docs/performance.md`. */
export interface Report {
  /** A sentence or two: what was measured, how, on what. */
  text: string;
  tables: Table[];
  bars: Bar[];
}

/** The first row is the head. */
export type Table = string[][];

/** What must be true. */
export interface Bar {
  what: string;
  measured: number;
  atLeast?: number;
  atMost?: number;
}

/** Markdown whose tables are aligned, so that a terminal shows them too. */
export function renderReport({ text, tables, bars }: Report): string {
  const judged = bars.length > 0 ? [[['bar', 'wanted', 'measured', ''], ...bars.map(judge)]] : [];
  return [text, ...[...tables, ...judged].map(renderTable)].join('\n\n');
}

function judge({ what, measured, atLeast, atMost }: Bar): string[] {
  const met = measured >= (atLeast ?? -Infinity) && measured <= (atMost ?? Infinity);
  const wanted = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return [what, wanted, measured.toFixed(2), met ? 'met' : '**missed**'];
}

function renderTable(rows: Table): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const padded = rows.map((row) =>
    line(
      widths.map((width, column) => {
        const cell = row[column] ?? '';
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      }),
    ),
  );
  const rule = line(
    widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)),
  );
  return [padded[0], rule, ...padded.slice(1)].join('\n');
}
