import type { ChildProcess } from 'node:child_process';
import { readSync } from 'node:fs';
import { Writable } from 'node:stream';
import type { ChildMessage, ChildRequest } from './protocol.ts';

/** The child's stdio: that of the worker, Node's IPC, and the pipe by which images come. */
export const CHILD_STDIO = ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'] as const;
const IMAGE_FD = 4;

/** Sends a request to a child: the image by its pipe, the rest as a message. */
export function sendRequest(child: ChildProcess, { image, ...rest }: ChildRequest): void {
  const pipe = child.stdio[IMAGE_FD];
  if (!(pipe instanceof Writable)) throw new Error('The child has no pipe for images.');
  pipe.write(image);
  const message: ChildMessage = { ...rest, bytes: image.length };
  child.send(message);
}

/** The request that a message is of, in the child. It waits for the image, since it has nothing else to do. */
export function receiveRequest({ bytes, ...rest }: ChildMessage): ChildRequest {
  const image = Buffer.allocUnsafeSlow(bytes);
  for (let at = 0; at < bytes; ) {
    const read = readSync(IMAGE_FD, image, at, bytes - at, null);
    // The worker has ended.
    if (read === 0) process.exit(0);
    at += read;
  }
  return { ...rest, image };
}
