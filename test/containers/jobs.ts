import { setTimeout as delay } from 'node:timers/promises';
import type { Batch } from '../../api/batch/present-batch.ts';
import type { Row } from '../../api/batch/present-row.ts';
import type { Job } from '../../shared/job.ts';

/** Calls of the API, as a user makes them. */
export function createJobs(url: string, key = '') {
  const headers: Record<string, string> = key ? { Authorization: `Bearer ${key}` } : {};
  const answer = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const response = await fetch(`${url}${path}`, { ...init, headers });
    const text = await response.text();
    if (!response.ok) {
      const { status } = response;
      throw Object.assign(new Error(`${path} answered ${status}: ${text}`), { status });
    }
    return JSON.parse(text) as T;
  };

  const jobs = {
    answer,
    submit: (image: Buffer<ArrayBuffer>, query = '') =>
      answer<Job>(`/v1/jobs${query}`, { method: 'POST', body: image }),

    /** Asks again for half a minute where there is no API to answer, as while it is replaced. */
    async read(id: string, waitSeconds = 0): Promise<Job> {
      for (const deadline = performance.now() + 30_000; ; await delay(200)) {
        try {
          return await answer<Job>(`/v1/jobs/${id}?wait=${waitSeconds}`);
        } catch (error) {
          // What fetch throws where a connection is refused or ends, and what an API says that is not connected yet.
          const isAway =
            error instanceof TypeError ||
            (error instanceof Error && 'status' in error && error.status === 503);
          if (!isAway || performance.now() > deadline) throw error;
        }
      }
    },

    /** Submits many, sixteen at once, and gives their ids in the same order. */
    async submitAll(images: Buffer<ArrayBuffer>[]): Promise<string[]> {
      const ids: string[] = [];
      let next = 0;
      const sender = async () => {
        for (let index = next++; index < images.length; index = next++) {
          ids[index] = (await jobs.submit(images[index] ?? Buffer.of())).id;
        }
      };
      await Promise.all(Array.from({ length: 16 }, sender));
      return ids;
    },

    /** Sends many as one batch, and gives its rows when it has finished. */
    async runBatch(images: Buffer<ArrayBuffer>[]): Promise<Row[]> {
      const body = new FormData();
      for (const [index, image] of images.entries()) {
        body.append('images', new Blob([image]), `${index}.jpg`);
      }
      const { links } = await answer<Batch>('/v1/batches', { method: 'POST', body });
      const { finished_at: finished } = await answer<Batch>(`${links.self}?wait=60`);
      if (!finished) throw new Error('The batch has not finished within a minute.');
      const response = await fetch(`${url}${links.results}`, { headers });
      return (await response.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Row);
    },

    /** The jobs when all are final, which they must be within a minute of the one before. */
    async awaitAll(ids: string[]): Promise<Job[]> {
      // First the last one, so that the asking takes no core from the work.
      await jobs.read(ids.at(-1) ?? '', 60);
      const final: Job[] = [];
      for (const id of ids) {
        const job = await jobs.read(id, 60);
        if (!job.finished_at) throw new Error(`${id} is still ${job.status}.`);
        final.push(job);
      }
      return final;
    },
  };
  return jobs;
}

/** How many jobs each worker has done. */
export function countByWorker(jobs: Job[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { worker = '' } of jobs) counts.set(worker, (counts.get(worker) ?? 0) + 1);
  return counts;
}
