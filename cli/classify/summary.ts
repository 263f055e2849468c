import { formatSeconds, formatSpeed } from './progress-text.ts';

export interface Summary {
  classified: number;
  failed: number;
  /** Pictures whose row is not known, since the run was stopped. */
  left: number;
  /** Rows that the file of earlier runs had already. */
  known: number;
  seconds: number;
}

/** What a run came to, in one line. */
export function summaryText({ classified, failed, left, known, seconds }: Summary): string {
  const parts = [`${classified} classified`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (left > 0) parts.push(`${left} not done`);
  if (known > 0) parts.push(`${known} known from earlier`);
  const speed = classified > 0 ? ` (${formatSpeed(classified / seconds)} images/s)` : '';
  const time = seconds < 10 ? `${seconds.toFixed(1)} s` : formatSeconds(seconds);
  return `${parts.join(', ')} in ${time}${speed}.`;
}
