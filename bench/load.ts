import { fork } from 'node:child_process';
import { ask } from './ask.ts';

/** How one image goes and its result comes: as a job that is waited for or polled for, or in one call. */
export type SingleWay =
  | { kind: 'wait' | 'poll' | 'classify' }
  /** One request of any server, and a text that its answer must hold; `field` names the image's part in a form. */
  | { kind: 'post'; path: string; expected: string; field?: string }
  | { kind: 'get'; path: string; expected: string };

/** Many images in one upload. */
export interface BatchWay {
  kind: 'zip' | 'tar' | 'multipart' | 'jsonl';
  images: number;
}

export type Way = SingleWay | BatchWay;

export interface LoadOrder {
  way: Way;
  port: number;
  /** The default model where none is named. */
  model?: string;
  files: string[];
  clients: number;
  /** After so many seconds nobody sends a new image; what is on its way is waited for. A batch is one, however long. */
  seconds: number;
}

export interface LoadResult {
  images: number;
  seconds: number;
  /** From the submission to the result in the client's hands. */
  latenciesMs: number[];
  /** The same, less what the job's own decoding and inference took; of jobs only. */
  overheadsMs: number[];
}

export interface Load {
  pid: number;
  send(order: LoadOrder): Promise<LoadResult>;
  stop(): void;
}

/** Starts the load generator: a process of its own, so that its CPU time can be told from the others'. */
export function startLoad(): Load {
  const child = fork('bench/load-process.ts', [], { execArgv: ['--import', 'tsx'] });
  return {
    pid: child.pid ?? 0,
    send: (order) => ask<LoadResult>(child, order),
    stop: () => child.kill(),
  };
}
