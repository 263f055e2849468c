import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const USAGE = `npm run images -- --tag TAG [--push REGISTRY] [--platform linux/amd64,linux/arm64]

Builds darkroom-api:TAG and darkroom-worker:TAG. With --push they are named REGISTRY/darkroom-api:TAG and
REGISTRY/darkroom-worker:TAG, and pushed. With --platform they are built for each platform, by docker buildx, which
needs --push.`;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { tag, push, platform } = readArguments();
const revision = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).stdout?.trim();

for (const name of ['api', 'worker']) {
  const image = `${push ? `${push.replace(/\/+$/, '')}/` : ''}darkroom-${name}:${tag}`;
  const build = [
    ...['--file', `Dockerfile.${name}`, '--tag', image],
    ...['--build-arg', `VERSION=${tag}`, '--build-arg', `REVISION=${revision || 'unknown'}`],
  ];
  if (platform) {
    docker('buildx', 'build', '--platform', platform, ...build, '--push', '.');
  } else {
    docker('build', '--network', 'host', ...build, '.');
    if (push) docker('push', image);
  }
  console.log(`${image} is ${push ? 'pushed' : 'built'}.`);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        tag: { type: 'string' },
        push: { type: 'string' },
        platform: { type: 'string' },
      },
    });
    if (!/^\w[\w.-]{0,127}$/.test(values.tag ?? '')) throw new Error(`Expected a tag for --tag.`);
    if (values.platform && !values.push) throw new Error('Expected --push beside --platform.');
    return values;
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

function docker(...args) {
  const { status, error } = spawnSync('docker', args, { stdio: 'inherit' });
  if (status === 0) return;
  console.error(`Expected docker ${args[0]} to succeed but it ${error?.message ?? 'failed'}.`);
  process.exit(1);
}
