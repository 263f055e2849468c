import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnce } from '../start/listen-once.ts';
import { startRedis } from '../test/redis-server.ts';
import type { Contestant } from './contestant.ts';
import { openClient } from './http-client.ts';
import type { Load, LoadOrder } from './load.ts';
import { type PeerProgram, peerPrograms } from './peer-programs.ts';
import { prepareExchange } from './prepare-exchange.ts';
import { processTree } from './process-usage.ts';
import type { PythonEnvironment } from './python-environment.ts';

export interface Peer extends Contestant {
  stop(): Promise<void>;
}

type PeerOrder = Omit<LoadOrder, 'way' | 'port'>;

/** Starts the Python servers; resolves when all answer. */
export async function startPeers(
  python: PythonEnvironment,
  processes: number,
  load: Load,
  order: PeerOrder,
): Promise<Peer[]> {
  const started = await Promise.allSettled(
    peerPrograms(processes).map((program) => startPeer(program, python, load, order)),
  );
  const peers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failure = started.find((one) => one.status === 'rejected');
  if (!failure) return peers;
  await Promise.all(peers.map((peer) => peer.stop()));
  throw failure.reason;
}

async function startPeer(
  { name, commands, needsRedis, way }: PeerProgram,
  { bin, env }: PythonEnvironment,
  load: Load,
  order: PeerOrder,
): Promise<Peer> {
  const port = await listenOnce('127.0.0.1', 0);
  const redis = needsRedis ? await startRedis() : undefined;
  const servers = commands.map((command) => {
    const [program = '', ...args] = command.replace('{port}', `${port}`).split(' ');
    return spawn(join(bin, program), args, {
      cwd: 'bench/peers',
      env: { ...env, PORT: `${port}`, REDIS_URL: redis?.url },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  });
  const peer: Peer = {
    name,
    roots: [...servers, ...(redis ? [redis.process] : [])].map(({ pid }) => pid ?? 0),
    run: (seconds) => load.send({ ...order, seconds, way, port }),
    async stop() {
      await Promise.all(servers.map(end));
      await redis?.stop();
    },
  };
  try {
    const image = readFileSync(order.files[0] ?? '');
    const exchange = prepareExchange(undefined, way, [image]);
    await untilItAnswers(async () => {
      const client = await openClient(port);
      await exchange(client, 0).finally(client.close);
    });
    return peer;
  } catch (error) {
    await peer.stop();
    throw new Error(`${name} did not answer.`, { cause: error });
  }
}

/** Python imports for long, more so when all of them do at once. */
async function untilItAnswers(attempt: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 120_000; ; await delay(200)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

/** Ends a server and all that it has started, some of which outlives it otherwise. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const family = processTree([server.pid ?? 0]).map(({ pid }) => pid);
  const exit = once(server, 'exit');
  server.kill('SIGTERM');
  await Promise.race([exit, delay(5_000)]);
  for (const { pid } of processTree(family)) process.kill(pid, 'SIGKILL');
  await exit;
}
