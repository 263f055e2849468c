import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createDeployment, type Deployment } from './deployment.ts';
import { docker } from './run.ts';

/** What docker inspect says of a container, as far as it is asked here. */
interface Inspected {
  Id: string;
  Config: { User: string; Healthcheck?: unknown; StopTimeout: number };
  HostConfig: Record<string, unknown> & { PortBindings: Record<string, unknown> };
  NetworkSettings: { Networks: Record<string, unknown> };
  Mounts: { Destination: string; RW: boolean; Type: string }[];
}

describe.skipIf(!inject('hasEngine'))('as the engine tells of them', () => {
  let deployment: Deployment;
  const inspected: Record<string, Inspected> = {};

  beforeAll(async () => {
    deployment = await createDeployment();
    await deployment.up(1);
    for (const service of ['redis', 'api', 'worker']) {
      inspected[service] = (await deployment.inspect(service))[0];
    }
  });
  afterAll(() => deployment?.[Symbol.asyncDispose]());

  const of = (service: string) => {
    const found = inspected[service];
    if (!found) throw new Error(`There is no ${service}.`);
    return found;
  };
  const inside = (service: string, script: string) =>
    docker('exec', of(service).Id, 'sh', '-c', script);

  test.each([
    ['redis', 'redis', 3 * 2 ** 30],
    ['api', '1000:1000', 2 ** 30],
    ['worker', '1000:1000', 1.5 * 2 ** 30],
  ])(
    '%s runs as %s, without rights, on a file system that it cannot write',
    (service, user, memory) => {
      const { Config, HostConfig } = of(service);
      expect(Config).toMatchObject({ User: user, StopTimeout: 20 });
      expect(Config.Healthcheck).toBeDefined();
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        CapAdd: null,
        Privileged: false,
        SecurityOpt: ['no-new-privileges:true'],
        Init: true,
        Memory: memory,
        RestartPolicy: { Name: 'unless-stopped' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } },
      });
      expect(HostConfig.PidsLimit).toBeGreaterThan(0);
    },
  );

  test.each(['redis', 'api', 'worker'])(
    'every process of %s has no capability left',
    async (service) => {
      const lines = await inside(
        service,
        'grep -hE "^(Uid|CapEff|CapBnd|NoNewPrivs):" /proc/[0-9]*/status | sort -u',
      );
      const user = service === 'redis' ? await inside(service, 'id -u redis') : '1000';
      expect(lines.split('\n').map((line) => line.split(/\s+/).slice(0, 2).join(' '))).toEqual([
        'CapBnd: 0000000000000000',
        'CapEff: 0000000000000000',
        'NoNewPrivs: 1',
        `Uid: ${user}`,
      ]);
      await expect(inside(service, 'touch /app/x /x /usr/x')).rejects.toThrow(/Read-only/);
    },
  );

  test('only the API is published, on the loopback address', () => {
    expect(of('redis').HostConfig.PortBindings).toEqual({});
    expect(of('worker').HostConfig.PortBindings).toEqual({});
    expect(of('api').HostConfig.PortBindings).toEqual({
      '3000/tcp': [{ HostIp: '127.0.0.1', HostPort: new URL(deployment.url).port }],
    });
  });

  test('a worker and Redis have no way out, and a worker has one core', async () => {
    const backend = `${deployment.project}_backend`;
    expect(await docker('network', 'inspect', backend, '--format', '{{.Internal}}')).toBe('true');
    for (const service of ['redis', 'worker']) {
      expect(Object.keys(of(service).NetworkSettings.Networks)).toEqual([backend]);
    }
    expect(of('worker').HostConfig.NanoCpus).toBe(1e9);
    expect(of('worker').Mounts).toMatchObject([{ Destination: '/app/models', RW: false }]);
  });

  test('Redis refuses rather than forgets, and writes every second', async () => {
    const names = ['maxmemory-policy', 'appendonly', 'appendfsync', 'rdbcompression'];
    const answers = names.map((name) => inside('redis', `redis-cli config get ${name}`));
    const values = (await Promise.all(answers)).map((answer) => answer.split('\n')[1]);
    expect(values).toEqual(['noeviction', 'yes', 'everysec', 'no']);
    expect(of('redis').Mounts).toMatchObject([{ Destination: '/data', RW: true, Type: 'volume' }]);
  });

  test('neither image has a package manager or a client, and the API can open no image', async () => {
    for (const service of ['api', 'worker']) {
      await expect(inside(service, 'command -v npm npx yarn curl wget')).rejects.toThrow();
      await expect(
        inside(service, 'ls -d node_modules/typescript node_modules/vitest'),
      ).rejects.toThrow();
      const files = await inside(
        service,
        'find . -name "*.test.*" -o -name "*.map" -o -name "*.ts"',
      );
      expect(files).toBe('');
    }
    const native = 'find / -xdev ( -iname "*sharp*" -o -iname "*vips*" -o -iname "*onnx*" )';
    expect(await inside('api', `${native.replace(/[()]/g, '\\$&')} 2>/dev/null || true`)).toBe('');
  });
});
