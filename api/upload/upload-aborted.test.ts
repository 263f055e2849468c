import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({ redisUrl: redis.url });
});

afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const types = ['image/png', 'application/json', 'multipart/form-data; boundary=b'];
const lengths = ['Content-Length: 1000', 'Transfer-Encoding: chunked'];
const starts: Record<string, string> = {
  'image/png': '\x89PNG\r\n\x1a\n',
  'application/json': '{"image": "iVBORw0KGgo=',
  'multipart/form-data; boundary=b':
    '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\x89PNG',
};

test.each(types.flatMap((type) => lengths.map((length): [string, string] => [type, length])))(
  'makes no job of %s (%s) whose sender hangs up in the middle, and lets go of it',
  async (type, length) => {
    const socket = connect(api.port, '127.0.0.1');
    const requested = once(api.server, 'request');
    const start = starts[type] ?? '';
    const body = length.startsWith('T') ? `${start.length.toString(16)}\r\n${start}\r\n` : start;
    const head = `POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\n${length}\r\n\r\n`;
    socket.write(Buffer.from(head + body, 'latin1'));
    const [, response] = await requested;
    const closed = once(response, 'close');
    socket.resetAndDestroy();
    await closed;
    expect(await api.queue.counts()).toEqual({ waiting: 0, active: 0 });
  },
);
