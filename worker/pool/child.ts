import { type ChildProcess, fork } from 'node:child_process';
import type { ModelInfo } from '../../shared/model-info.ts';
import { CHILD_STDIO, sendGroup } from '../child/image-pipe.ts';
import type { ChildAnswer, ChildRequest, ChildSettings, ImageAnswer } from '../child/protocol.ts';
import { type ResidentMemory, residentMemory } from './resident-memory.ts';

/** How often a running child's memory is looked at. 20 ms: a decoder fills about 1 GB/s, and the limit is 1 GiB. */
const MEMORY_CHECK_MS = 20;

/**
 * Longest time of a group, which takes a fifth of a second: so long the others wait behind one that hangs, and then each
 * is tried alone.
 */
const GROUP_TIMEOUT_MS = 5_000;

/**
 * A child does one thing at a time, so it needs one thread for it; and with one arena that gives back what it has
 * freed, glibc holds 203 MB instead of 316 after pictures of two megapixels. Other libraries pass over these names.
 */
const LEAN_MEMORY = {
  UV_THREADPOOL_SIZE: '1',
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** Why a child ended under its images. */
const casualties = ['crashed', 'timed_out', 'out_of_memory'] as const;
export type Casualty = (typeof casualties)[number];

/** Why a child ended: also `crashed` where it had no image open. */
export const childEnds = [...casualties, 'stopped', 'recycled'] as const;
export type ChildEnd = (typeof childEnds)[number];

/** The child died, or was ended, while it had images open. */
export class ChildLost extends Error {
  readonly casualty: Casualty;
  /** False where someone else killed it: that proves little against an image. */
  readonly isByImage: boolean;
  constructor(casualty: Casualty, cause: string, isByImage: boolean) {
    super(`The child ${casualty.replaceAll('_', ' ')}: ${cause}`);
    this.casualty = casualty;
    this.isByImage = isByImage;
  }
}

/** A model folder cannot work. The message is one line for whoever started the worker. */
export class ModelsUnusable extends Error {}

export interface ChildOptions {
  /** The child's entry file, and Node's arguments before it. */
  entry: string;
  execArgv?: string[];
  settings: ChildSettings;
  /** Longest time of an image that is alone, in milliseconds. */
  timeoutMs: number;
  /** Resident memory at which the child is ended, in bytes. */
  memoryLimitBytes: number;
}

export interface Child {
  pid: number;
  models: ModelInfo[];
  /** How many it was given. */
  readonly images: number;
  /** Resolves when the process has ended, to why. */
  ended: Promise<ChildEnd>;
  /** Classifies images of one model; one group at a time. Throws ChildLost where the process does not survive them. */
  classify(group: ChildRequest[]): Promise<ImageAnswer[]>;
  kill(reason: 'stopped' | 'recycled'): void;
}

/** Starts one child and resolves when its models are loaded and warmed. Throws ModelsUnusable where they cannot be. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const childProcess = fork(options.entry, [JSON.stringify(options.settings)], {
    stdio: [...CHILD_STDIO],
    // The child opens untrusted images, so it gets none of the worker's secrets.
    env: {
      PATH: process.env.PATH,
      ...LEAN_MEMORY,
      // ONNX Runtime otherwise reports its use to its makers, from a service that is self-hosted.
      ORT_DISABLE_TELEMETRY: '1',
    },
    ...(options.execArgv ? { execArgv: options.execArgv } : {}),
  });
  let why: ChildEnd = 'crashed';
  const kill = (reason: ChildEnd) => {
    why = reason;
    childProcess.kill('SIGKILL');
  };
  // Not by `once` of node:events, which rejects where the channel fails before the end is seen.
  const ended = new Promise<ChildEnd>((resolve) => {
    childProcess.once('exit', () => resolve(why));
  });
  // Without its channel it is of no use, and only once it has ended is it replaced.
  childProcess.once('disconnect', () => childProcess.kill('SIGKILL'));
  const answers = listen(childProcess);
  const first = await answers.next();
  if (first.type !== 'ready') {
    childProcess.kill('SIGKILL');
    throw first.type === 'unusable'
      ? new ModelsUnusable(first.reason)
      : new Error(`A child began with ${first.type}.`);
  }
  const memory = residentMemory(childProcess.pid ?? 0);
  void ended.then(() => memory.close());
  let images = 0;
  return {
    pid: childProcess.pid ?? 0,
    models: first.models,
    ended,
    kill,
    get images() {
      return images;
    },
    classify(group) {
      images += group.length;
      const { timeoutMs, memoryLimitBytes } = options;
      return classify({ childProcess, answers, memory }, group, {
        timeoutMs: group.length > 1 ? Math.min(timeoutMs, GROUP_TIMEOUT_MS) : timeoutMs,
        memoryLimitBytes,
        kill,
      });
    },
  };
}

interface Running {
  childProcess: ChildProcess;
  answers: Answers;
  memory: ResidentMemory;
}

async function classify(
  { childProcess, answers, memory }: Running,
  group: ChildRequest[],
  {
    timeoutMs,
    memoryLimitBytes,
    kill,
  }: Pick<ChildOptions, 'timeoutMs' | 'memoryLimitBytes'> & { kill: (reason: Casualty) => void },
): Promise<ImageAnswer[]> {
  let casualty: Casualty = 'crashed';
  const end = (why: Casualty) => {
    casualty = why;
    kill(why);
  };
  const deadline = setTimeout(() => end('timed_out'), timeoutMs);
  const watch = setInterval(async () => {
    if ((await memory.read()) > memoryLimitBytes) end('out_of_memory');
  }, MEMORY_CHECK_MS);
  try {
    sendGroup(childProcess, group);
    const answer = await answers.next();
    if (answer.type === 'answers') return answer.answers;
    throw new Error(`A child answered with ${answer.type}.`);
  } catch (error) {
    if (!(error instanceof ChildEnded)) throw error;
    throw new ChildLost(casualty, error.message, casualty !== 'crashed' || error.isByItself);
  } finally {
    clearTimeout(deadline);
    clearInterval(watch);
  }
}

class ChildEnded extends Error {
  /** Whether it exited or was ended by what it did, rather than by a SIGKILL, or before it had the image. */
  isByItself = false;
}

interface Answers {
  /** The child's next answer. Throws ChildEnded where it ends first. */
  next(): Promise<ChildAnswer>;
}

// A race with a promise that is pending for as long as the child lives would keep every answer for as long.
function listen(childProcess: ChildProcess): Answers {
  let ended: ChildEnded | undefined;
  let waiting: { resolve(answer: ChildAnswer): void; reject(end: ChildEnded): void } | undefined;
  const end = (error: ChildEnded) => {
    ended ??= error;
    waiting?.reject(ended);
  };
  const fail = (error: Error) => end(new ChildEnded(error.message, { cause: error }));
  childProcess.on('error', fail);
  for (const pipe of childProcess.stdio) pipe?.on('error', fail);
  childProcess.once('exit', (code, signal) => {
    const error = new ChildEnded(`it ended with ${signal ?? code}`);
    error.isByItself = signal !== 'SIGKILL';
    end(error);
  });
  childProcess.on('message', (answer) => waiting?.resolve(answer as ChildAnswer));
  return {
    next: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        if (ended) reject(ended);
      }),
  };
}
