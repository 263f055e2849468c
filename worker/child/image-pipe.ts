import type { ChildProcess } from 'node:child_process';
import { readSync } from 'node:fs';
import { Writable } from 'node:stream';
import type { ChildRequest, GroupHeader } from './protocol.ts';

/** The child's stdio: that of the worker, Node's IPC, and the pipe by which images come. */
export const CHILD_STDIO = ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'] as const;
const IMAGE_FD = 4;
const LENGTH_BYTES = 4;

/** Sends a group of images, all for the same model, to a child: the length of the header, the header, the images. */
export function sendGroup(child: ChildProcess, group: ChildRequest[]): void {
  const pipe = child.stdio[IMAGE_FD];
  if (!(pipe instanceof Writable)) throw new Error('The child has no pipe for images.');
  const header: GroupHeader = {
    model: group[0]?.model ?? '',
    images: group.map(({ image, topK, minConfidence }) => ({
      bytes: image.length,
      topK,
      minConfidence,
    })),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(text.length);
  pipe.cork();
  pipe.write(Buffer.concat([length, text]));
  for (const { image } of group) pipe.write(image);
  pipe.uncork();
}

/** A group that has come: each image is read as it is asked for, so that no two are held, and all must be. */
export interface ReceivedGroup {
  model: string;
  requests: Iterable<ChildRequest>;
}

/**
 * The groups that come, in the child, which does nothing but wait for them: so it reads without the event loop, by which
 * an image would be there 0.3 ms later. The process ends where the worker has.
 */
export function* receiveGroups(): Generator<ReceivedGroup> {
  for (;;) {
    const length = read(LENGTH_BYTES).readUInt32LE();
    const header: GroupHeader = JSON.parse(read(length).toString());
    yield { model: header.model, requests: receiveImages(header) };
  }
}

function* receiveImages({ model, images }: GroupHeader): Generator<ChildRequest> {
  for (const { bytes, ...rest } of images) yield { ...rest, model, image: read(bytes) };
}

function read(bytes: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  for (let at = 0; at < bytes; ) {
    const count = readSync(IMAGE_FD, buffer, at, bytes - at, null);
    if (count === 0) process.exit(0);
    at += count;
  }
  return buffer;
}
