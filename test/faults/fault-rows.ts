import { appendFileSync, readFileSync } from 'node:fs';
import { styleText } from 'node:util';

/** What became of the jobs of one fault. */
export interface FaultRow {
  fault: string;
  /** Submissions that were answered with 202. */
  jobs: number;
  /** Those that never became final. */
  lost: number;
  /** Those that became final twice, or changed after they were final. */
  doubled: number;
  /** Those that came out otherwise than without a fault. */
  wrong: number;
  /** From the fault's end to the end of the last job that was accepted before it, in milliseconds. */
  recoveryMs: number;
}

/** A fault that this machine cannot make. */
export interface NotRun {
  fault: string;
  notRun: string;
}

/** Adds to the table that the run prints at its end. */
export function addRow(file: string, row: FaultRow | NotRun): void {
  appendFileSync(file, `${JSON.stringify(row)}\n`);
}

export function tableOf(file: string): string {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as FaultRow | NotRun);
  const width = Math.max(5, ...rows.map(({ fault }) => fault.length));
  const line = (fault: string, cells: string[]) =>
    [fault.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join(' ');
  const head = line('fault', ['jobs', 'lost', 'doubled', 'wrong', 'recovery']);
  return [
    styleText('bold', head),
    ...rows.map((row) =>
      'notRun' in row
        ? `${row.fault.padEnd(width)} not run: ${row.notRun}`
        : line(row.fault, [
            ...[row.jobs, row.lost, row.doubled, row.wrong].map(String),
            `${(row.recoveryMs / 1000).toFixed(1)} s`,
          ]),
    ),
  ].join('\n');
}
