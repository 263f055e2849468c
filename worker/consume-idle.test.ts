import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createPatientRedis } from '../shared/redis.ts';
import { signal } from '../test/signal.ts';
import { type Consumers, startConsumers } from '../test/start-consumers.ts';
import { until } from '../test/until.ts';

let consumers: Consumers;

beforeEach(async () => {
  consumers = await startConsumers();
});
afterEach(() => consumers.stop());

/** A connection that tells how often it was answered whether there is a ticket. */
function countingConnection() {
  const connection = createPatientRedis(consumers.server.url);
  onTestFinished(() => connection.disconnect());
  const sendCommand = connection.sendCommand.bind(connection);
  let looked = 0;
  connection.sendCommand = (command, ...rest) => {
    // Of BullMQ's scripts that a worker runs by itself, moveToActive alone has eleven keys.
    if (command.name === 'evalsha' && String(command.args[1]) === '11') {
      const answered = () => {
        looked += 1;
      };
      command.promise.then(answered, answered);
    }
    return sendCommand(command, ...rest);
  };
  return { connection, looked: () => looked };
}

test('a job that comes to an idle worker does not wait until another was looked for', async () => {
  const { connection, looked } = countingConnection();
  let run = signal<number>();
  const consumer = consumers.consume({
    connection,
    concurrency: 3,
    run: async () => run.resolve(looked()),
  });
  for (const id of ['job_1', 'job_2']) {
    await consumers.untilIdle();
    const before = looked();
    await consumers.queue.add(id);
    expect((await run.promise) - before).toBe(0);
    run = signal();
  }
  await consumer.close(5_000);
});

test('an idle worker that is told of a ticket which is not there does not ask once more', async () => {
  const { connection, looked } = countingConnection();
  const consumer = consumers.consume({ connection });
  await consumers.untilIdle();
  const before = looked();
  await consumers.redis.zadd('bull:jobs:marker', 0, '0');
  await until(
    async () => consumers.redis.zcard('bull:jobs:marker'),
    (words) => words === 0,
  );
  await consumers.untilIdle();
  expect(looked() - before).toBe(0);
  await consumer.close(5_000);
});
