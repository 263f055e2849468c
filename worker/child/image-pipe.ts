import type { ChildProcess } from 'node:child_process';
import { readSync } from 'node:fs';
import { Writable } from 'node:stream';
import type { ChildMessage, ChildRequest } from './protocol.ts';

/** The child's stdio: that of the worker, Node's IPC, and the pipe by which images come. */
export const CHILD_STDIO = ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'] as const;
const IMAGE_FD = 4;

/** Sends a group of images, all for the same model, to a child: their bytes by its pipe, the rest as a message. */
export function sendGroup(child: ChildProcess, group: ChildRequest[]): void {
  const pipe = child.stdio[IMAGE_FD];
  if (!(pipe instanceof Writable)) throw new Error('The child has no pipe for images.');
  pipe.cork();
  for (const { image } of group) pipe.write(image);
  pipe.uncork();
  const message: ChildMessage = {
    model: group[0]?.model ?? '',
    images: group.map(({ image, topK, minConfidence }) => ({
      bytes: image.length,
      topK,
      minConfidence,
    })),
  };
  child.send(message);
}

/**
 * The requests that a message is of, in the child. Each image is read as it is asked for, so that no two are held, and all
 * must be. It waits for the image, since it has nothing else to do.
 */
export function* receiveGroup({ model, images }: ChildMessage): Generator<ChildRequest> {
  for (const { bytes, ...rest } of images) yield { ...rest, model, image: readImage(bytes) };
}

function readImage(bytes: number): Uint8Array {
  const image = Buffer.allocUnsafeSlow(bytes);
  for (let at = 0; at < bytes; ) {
    const read = readSync(IMAGE_FD, image, at, bytes - at, null);
    // The worker has ended.
    if (read === 0) process.exit(0);
    at += read;
  }
  return image;
}
