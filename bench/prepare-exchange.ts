import { setTimeout as delay } from 'node:timers/promises';
import { getRequest, type HttpClient, postRequest } from './http-client.ts';
import type { SingleWay } from './load.ts';

/** How often a client asks that polls: about as long as an image takes on an idle service. */
const POLL_MS = 20;

interface Job {
  status: string;
  timings?: { decode_ms: number; inference_ms: number };
  links: { self: string };
}

/** Sends one picture and reads its result; resolves with the milliseconds of work that the answer tells of, if it does. */
export type Exchange = (client: HttpClient, index: number) => Promise<number | undefined>;

/** The way of one picture, its requests ready-made. */
export function prepareExchange(
  model: string | undefined,
  way: SingleWay,
  images: Buffer[],
): Exchange {
  if (way.kind === 'get') return prepareOneCall([getRequest(way.path)], way.expected);
  if (way.kind === 'post') {
    return prepareOneCall(
      images.map((image) => imageRequest(way, image)),
      way.expected,
    );
  }
  const query = model ? `?model=${model}` : '';
  if (way.kind === 'classify') {
    const path = `/v1/classify${query}`;
    return prepareOneCall(
      images.map((image) => postRequest(path, image)),
      '"label"',
    );
  }
  const posts = images.map((image) => postRequest(`/v1/jobs${query}`, image));
  return async (client, index) => {
    const { links }: Job = JSON.parse(await client.send(pick(posts, index)));
    let job: Job;
    if (way.kind === 'wait') {
      job = JSON.parse(await client.send(getRequest(`${links.self}?wait=60`)));
    } else {
      do {
        await delay(POLL_MS);
        job = JSON.parse(await client.send(getRequest(links.self)));
      } while (job.status === 'queued' || job.status === 'processing');
    }
    if (job.status !== 'succeeded' || !job.timings) throw new Error(`A job is ${job.status}.`);
    return job.timings.decode_ms + job.timings.inference_ms;
  };
}

function prepareOneCall(requests: Buffer[], expected: string): Exchange {
  return async (client, index) => {
    const answer = await client.send(pick(requests, index));
    if (!answer.includes(expected)) throw new Error(`Expected ${expected} but received ${answer}.`);
    return undefined;
  };
}

function imageRequest({ path, field }: { path: string; field?: string }, image: Buffer): Buffer {
  if (!field) return postRequest(path, image);
  const boundary = 'darkroom-bench';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), image, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return postRequest(path, body, `multipart/form-data; boundary=${boundary}`);
}

function pick(requests: Buffer[], index: number): Buffer {
  const request = requests[index % requests.length];
  if (!request) throw new Error('Expected at least one picture but received none.');
  return request;
}
