import type { Prediction } from '../../shared/prediction.ts';
import type { BatchRow } from './batch-client.ts';
import type { Picture } from './picture.ts';

/** What became of one picture. As JSON Lines, rows are also what `--resume` reads. */
export interface Row {
  path: string;
  status: 'succeeded' | 'failed' | 'canceled';
  predictions?: Prediction[];
  error?: Failure;
  /** The model that was asked for, where one was. */
  model?: string;
  job_id?: string;
  /** Of the file when it was found: one that has changed since is sent anew. */
  size?: number;
  mtime?: string;
}

/** A problem of the server's, or `unreadable_file`, which is our own. */
export interface Failure {
  code: string;
  title: string;
  detail?: string;
}

/** Why the picture cannot be read, without the path, which its row has already. */
export function unreadable(cause: unknown): Failure {
  const reason = cause instanceof Error ? cause.message.split(', ')[0] : String(cause);
  return {
    code: 'unreadable_file',
    title: 'The file cannot be read.',
    ...(reason ? { detail: reason } : {}),
  };
}

/** True of a row that another try would only repeat: those are what `--resume` keeps. */
export function isSettled({ status, error }: Row): boolean {
  if (status === 'failed') return error?.code !== 'internal' && error?.code !== 'unreadable_file';
  return status === 'succeeded';
}

/** The row of a picture: the server's, unless the file itself was the trouble or the server has none. */
export function toRow(picture: Picture, row: BatchRow | undefined, model: string | undefined): Row {
  const { path, size, mtime, failure } = picture;
  const about = { ...(model ? { model } : {}), size, mtime };
  if (failure) return { path, status: 'failed', error: failure, ...about };
  if (row?.status !== 'succeeded' && row?.status !== 'failed')
    return { path, status: 'canceled', ...about };
  return {
    path,
    status: row.status,
    ...(row.predictions ? { predictions: row.predictions } : {}),
    ...(row.error ? { error: row.error } : {}),
    job_id: row.job_id,
    ...about,
  };
}
