export interface Load {
  seconds: number;
  /** From the submission to the result in the client's hands, in milliseconds, sorted. */
  latenciesMs: number[];
}

/** Sends so many pictures from so many clients, each of which posts one, waits for its result, and posts the next. */
export async function sendLoad(
  url: string,
  images: Buffer[],
  count: number,
  clients: number,
): Promise<Load> {
  const latenciesMs: number[] = [];
  let next = 0;
  const client = async () => {
    while (next < count) {
      const image = images[next++ % images.length] ?? Buffer.alloc(0);
      const startedAt = performance.now();
      await classifyByJob(url, image);
      latenciesMs.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

async function classifyByJob(url: string, image: Buffer): Promise<void> {
  const posted = await fetch(`${url}/v1/jobs`, { method: 'POST', body: new Uint8Array(image) });
  const { links } = (await posted.json()) as { links: { self: string } };
  const read = await fetch(`${url}${links.self}?wait=60`);
  const { status } = (await read.json()) as { status: string };
  if (status !== 'succeeded') throw new Error(`A job came out as ${status}.`);
}
