import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { FINAL_CHANNEL, idOfWord } from '../../shared/final-word.ts';
import { isFinal, type Job } from '../../shared/job.ts';
import { zipOf } from '../api/play-batch.ts';
import { picture } from '../image-bytes.ts';
import type { FaultRow } from './fault-rows.ts';
import { isRight, type Name, nameOf } from './known-pictures.ts';
import type { System } from './system.ts';

interface Accepted {
  id: string;
  name: Name;
  acceptedAt: number;
  finalAt?: number;
  /** As it was read first when it was final. */
  job?: Job;
}

export type Ledger = Awaited<ReturnType<typeof openLedger>>;

/** Keeps account of every submission that was answered with 202, and of what becomes of it. */
export async function openLedger({ url, redis }: Pick<System, 'url' | 'redis'>, headers = {}) {
  const accepted: Accepted[] = [];
  const finals = new Map<string, { at: number; times: number }>();
  const watch = redis.duplicate();
  watch.on('error', () => undefined);
  watch.on('message', (_channel, word) => {
    const id = idOfWord(word);
    const times = (finals.get(id)?.times ?? 0) + 1;
    finals.set(id, { at: finals.get(id)?.at ?? performance.now(), times });
  });
  await watch.subscribe(FINAL_CHANNEL);

  /** Calls the API as a patient client does: again where it cannot be reached or has no time now. */
  const call = async (path: string, init: RequestInit = {}): Promise<Response | undefined> => {
    try {
      const answer = await fetch(`${url}${path}`, {
        ...init,
        headers: { ...headers, ...init.headers },
        signal: AbortSignal.timeout(12_000),
      });
      if (answer.status < 500) return answer;
    } catch (error) {
      // Refused, reset, timed out: what a client sees of a fault.
      if (!(error instanceof Error)) throw error;
    }
    return undefined;
  };

  const submit = async (name: Name): Promise<Accepted> => {
    const body = new Uint8Array(picture(name));
    const key = { 'Idempotency-Key': randomUUID() };
    for (;;) {
      const answer = await call('/v1/jobs', { method: 'POST', body, headers: key });
      // 409: an earlier try of the same submission, cut off here, is still under way there.
      if (answer && answer.status !== 409) {
        const { id } = (await answer.json()) as Job;
        if (!id) throw new Error(`Expected a job but received ${answer.status}.`);
        const entry = { id, name, acceptedAt: performance.now() };
        accepted.push(entry);
        return entry;
      }
      await delay(100);
    }
  };

  /** Submits so many pictures as one zip, while there is no fault. */
  const submitBatch = async (count: number): Promise<Accepted[]> => {
    const items = Array.from({ length: count }, (_, index) => ({
      id: `${index}.jpg`,
      image: picture(nameOf(index)),
    }));
    const body = new Uint8Array(zipOf(items));
    const answer = await fetch(`${url}/v1/batches`, {
      method: 'POST',
      body,
      headers: { ...headers, 'Content-Type': 'application/zip' },
    });
    const { links } = (await answer.json()) as { links: { results: string } };
    const rows = await (await fetch(`${url}${links.results}`, { headers })).text();
    const entries = rows
      .trim()
      .split('\n')
      .map((line): Accepted => {
        const { index, job_id: id } = JSON.parse(line) as { index: number; job_id: string };
        return { id, name: nameOf(index), acceptedAt: performance.now() };
      });
    accepted.push(...entries);
    return entries;
  };

  /** Reads a job until it is final; leaves it where it is not known, or not final in time. */
  const follow = async (entry: Accepted, deadline: number): Promise<void> => {
    while (performance.now() < deadline) {
      const answer = await call(`/v1/jobs/${entry.id}?wait=2`);
      if (answer?.status === 404) return;
      const job = answer && ((await answer.json()) as Job);
      if (job && isFinal(job.status)) {
        entry.job = job;
        entry.finalAt = finals.get(entry.id)?.at ?? performance.now();
        return;
      }
      await delay(20);
    }
  };

  /** Whether the word that it is final came twice, or it is not as it was when it was first final. */
  const hasChanged = async ({ id, job }: Accepted): Promise<boolean> => {
    if ((finals.get(id)?.times ?? 0) > 1) return true;
    for (;;) {
      const answer = await call(`/v1/jobs/${id}`);
      if (answer) return !isDeepStrictEqual(await answer.json(), job);
      await delay(100);
    }
  };

  /** What has become of the jobs so far. */
  const tally = () => {
    const done = accepted.filter(({ job }) => job);
    return {
      jobs: accepted.length,
      lost: accepted.length - done.length,
      doubled: accepted.filter(({ id }) => (finals.get(id)?.times ?? 0) > 1).length,
      wrong: done.filter(({ job, name }) => !isRight(name, job)).length,
    };
  };

  return {
    accepted,
    tally,
    /** Submits so many pictures from so many clients, each until it is accepted. */
    async submit(count: number, clients = 8): Promise<void> {
      const pictures = Array.from({ length: count }, (_, index) => nameOf(index));
      await forEach(pictures, submit, clients);
    },

    submitBatch,

    /** How many of those that were accepted are final. */
    final: () => accepted.filter(({ id }) => finals.has(id)).length,

    /** As `submit`, from clients who each wait for the result before they send the next one, while `goesOn` says so. */
    async classify(goesOn: (sent: number) => boolean, clients: number): Promise<void> {
      let sent = 0;
      const client = async () => {
        while (goesOn(sent)) {
          const entry = await submit(nameOf(sent++));
          await follow(entry, performance.now() + 30_000);
        }
      };
      await Promise.all(Array.from({ length: clients }, client));
    },

    /** As `submitBatch`, and waits for the result of every picture. */
    async classifyBatch(count: number): Promise<void> {
      const entries = await submitBatch(count);
      await forEach(entries, (entry) => follow(entry, performance.now() + 30_000));
    },

    async close(): Promise<void> {
      await watch.quit();
    },

    /** Waits for the end of every job, for so long after the fault's end, and counts. */
    async settle(fault: string, endedAt: number, withinMs = 40_000): Promise<FaultRow> {
      const deadline = endedAt + withinMs;
      await forEach(accepted, async (entry) => {
        if (!entry.job) await follow(entry, deadline);
      });
      const done = accepted.filter(({ job }) => job);
      const changed: string[] = [];
      await forEach(done, async (entry) => {
        if (await hasChanged(entry)) changed.push(entry.id);
      });
      if (changed.length > 0) console.log(`Changed after they were final: ${changed.join(', ')}`);
      await this.close();
      return {
        fault,
        ...tally(),
        doubled: changed.length,
        recoveryMs: Math.max(
          0,
          ...done.map(({ finalAt = 0, acceptedAt }) => finalAt - Math.max(endedAt, acceptedAt)),
        ),
      };
    },
  };
}

/** Does the same for each, some at a time: thousands at once are a fault of their own. */
async function forEach<T>(all: T[], run: (one: T) => Promise<unknown>, atOnce = 8): Promise<void> {
  const open = [...all];
  const runner = async () => {
    for (let one = open.shift(); one !== undefined; one = open.shift()) await run(one);
  };
  await Promise.all(Array.from({ length: atOnce }, runner));
}
