import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseRate, RATE_FORM, type Rate } from './rate.ts';

type Env = Record<string, string | undefined>;

/** How a setting is read: what it takes, in words for the error, and the value of a text (undefined: it is wrong). */
interface Kind<T> {
  takes: string;
  parse: (text: string) => T | undefined;
}

/** A mistake in the settings. The message has a line for each, naming the setting, what it takes and what it was. */
export class ConfigError extends Error {}

/**
 * Reads every setting of the API and the worker from the environment, once. An empty value counts as unset.
 * Throws a ConfigError that names all mistakes together.
 */
export function parseConfig(env: Env) {
  const mistakes: string[] = [];
  const read = <T, F extends T | undefined>(name: string, kind: Kind<T>, fallback: F): T | F => {
    const text = env[name]?.trim();
    if (!text) return fallback;
    const value = kind.parse(text);
    if (value !== undefined) return value;
    mistakes.push(`Expected ${kind.takes} for ${name} but received '${text.slice(0, 80)}'.`);
    return fallback;
  };
  /** A secret may stand in a file that NAME_FILE names, as Docker's and Kubernetes' secrets do; it is never repeated. */
  const readSecret = <T>(name: string, kind: Kind<T>, fallback: T): T => {
    const file = env[`${name}_FILE`]?.trim();
    const text = file ? readFile(file) : env[name]?.trim();
    if (text === undefined && file) {
      mistakes.push(`Expected a file that can be read for ${name}_FILE but received '${file}'.`);
    }
    if (!text) return fallback;
    const value = kind.parse(text);
    if (value !== undefined) return value;
    const received = file ? 'something else in its file' : 'something else';
    mistakes.push(`Expected ${kind.takes} for ${name} but received ${received}.`);
    return fallback;
  };

  const config = {
    /** Address the API listens on. Loopback, because without keys anyone who reaches it may use it. */
    host: read('HOST', text, '127.0.0.1'),
    port: read('PORT', port, 3000),
    redisUrl: readSecret('REDIS_URL', redisUrl, 'redis://127.0.0.1:6379'),
    /** Folder with a folder for each model. */
    modelsDir: read('MODELS_DIR', text, 'models'),
    /** The model of a job that names none. int8: half the time of fp32 for 0.8 points of accuracy. */
    defaultModel: read('DEFAULT_MODEL', text, 'efficientnet-lite0-int8'),
    /**
     * Images a worker has open at once, each in a child process; undefined: as many as it may use cores. It holds one
     * more for every two, which is the next to be opened.
     */
    workerConcurrency: read('WORKER_CONCURRENCY', whole(1, 256), undefined),
    /** Longest time of one try at an image in a child. A large AVIF takes about 3 s. */
    jobTimeoutMs: read('JOB_TIMEOUT', duration(0.1, 600), 10_000),
    /** Resident memory at which a child is ended. 50 million pixels decode in about 350 MB. */
    childMemoryLimitBytes: read('CHILD_MEMORY_LIMIT', bytes(128 * MiB, 64 * GiB), GiB),
    /** Images after which a child is replaced by a fresh one, so that what a decoder leaks does not add up. */
    childMaxImages: read('CHILD_MAX_IMAGES', whole(1, 1_000_000_000), 10_000),
    /** How long running jobs may go on after SIGTERM. Under the 10 s that Docker allows by default. */
    shutdownTimeoutMs: read('SHUTDOWN_TIMEOUT', duration(0.1, 600), 8_000),
    /** Tries at a job that fails for no fault of its image. */
    maxAttempts: read('MAX_ATTEMPTS', whole(1, 20), 3),
    maxImageBytes: read('MAX_IMAGE_BYTES', bytes(1, GiB / 2), 20 * MiB),
    maxImagePixels: read('MAX_IMAGE_PIXELS', whole(1, 1_000_000_000), 50_000_000),
    /** Jobs that may wait. At 100 images/s the last of 100,000 waits 17 minutes. */
    queueLimit: read('QUEUE_LIMIT', whole(1, 100_000_000), 100_000),
    /** Bytes of images that may wait or run. Batches fill half of it, so that single jobs still enter. */
    queueBytesLimit: read('QUEUE_BYTES_LIMIT', bytes(MiB, 1024 * GiB), GiB),
    /** Bytes of one batch's upload, and of what it unpacks to. */
    maxBatchBytes: read('MAX_BATCH_BYTES', bytes(1, 64 * GiB), 2 * GiB),
    /** Where a zip is put while it is read, since its directory stands at its end. */
    spoolDir: read('SPOOL_DIR', text, tmpdir()),
    /** How long a job and its image are kept, from its submission. */
    resultTtlSeconds: Math.ceil(read('RESULT_TTL', duration(1, 365 * 86_400), 86_400_000) / 1000),
    /** How long a job that was given up, and its image, are kept for a retry. */
    deadTtlSeconds: Math.ceil(read('DEAD_TTL', duration(1, 365 * 86_400), 604_800_000) / 1000),
    /** Keys of those who configure rather than run `darkroom keys`. */
    apiKeys: [
      ...readSecret('API_KEYS', apiKeys, []),
      ...readSecret('OPERATOR_KEYS', apiKeys, []).map((key) => ({ ...key, isOperator: true })),
    ],
    /** `keys`: never open. `auto`: open on the loopback address while no key is known. */
    auth: read('AUTH', oneOf('auto', 'keys'), 'auto'),
    /** The address by which this machine is reached, where that is not HOST, as in a container. */
    publishedOn: read('PUBLISHED_ON', text, undefined),
    /** Submissions that a key may make; none by default, since the queue's own limit protects the machine. */
    rateLimit: read('RATE_LIMIT', rate, undefined),
    /** How long `POST /v1/classify` waits for its job. */
    classifyTimeoutMs: read('CLASSIFY_TIMEOUT', duration(0.1, 600), 30_000),
    /** Where `/metrics` is, at HOST; none by default. `npm start` gives its worker the next one. */
    metricsPort: read('METRICS_PORT', whole(1, 65_534), undefined),
    logLevel: read(
      'LOG_LEVEL',
      oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
      'info',
    ),
  };
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return config;
}

function readFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // The caller tells it together with the other mistakes.
    return undefined;
  }
}

/** An API key of the settings. */
export interface ConfiguredKey {
  name: string;
  key: string;
  /** Whether it is one of those who run the service, who may also read, retry and drop dead letters. */
  isOperator?: boolean;
}

export type Config = ReturnType<typeof parseConfig>;

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const byteUnits: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: MiB,
  gib: GiB,
};
const secondUnits: Record<string, number> = {
  ms: 0.001,
  '': 1,
  s: 1,
  min: 60,
  m: 60,
  h: 3600,
  d: 86_400,
};

const text: Kind<string> = { takes: 'a text', parse: (value) => value };

const port: Kind<number> = { ...whole(0, 65_535), takes: 'a port from 0 to 65535' };

const redisUrl: Kind<string> = {
  takes: 'a URL that begins with redis:// or rediss://',
  parse: (value) => (/^rediss?:\/\//.test(value) && URL.canParse(value) ? value : undefined),
};

const rate: Kind<Rate> = { takes: RATE_FORM, parse: parseRate };

const apiKeys: Kind<ConfiguredKey[]> = {
  takes: 'name:key,name:key, with names and keys that differ,',
  parse: (value) => {
    const keys = value
      .split(/[,\n]/)
      .filter((entry) => entry.trim())
      .map((entry) => /^\s*([A-Za-z0-9][A-Za-z0-9._-]{0,63}):(\S+)\s*$/.exec(entry))
      .map((match) => ({ name: match?.[1] ?? '', key: match?.[2] ?? '' }));
    const differ = (values: string[]) =>
      new Set(values).size === keys.length && !values.includes('');
    const areRight =
      keys.length > 0 && differ(keys.map(({ name }) => name)) && differ(keys.map(({ key }) => key));
    return areRight ? keys : undefined;
  },
};

function whole(min: number, max: number): Kind<number> {
  return {
    takes: `a whole number from ${min} to ${max}`,
    parse: (value) => within(/^\d+$/.test(value) ? Number(value) : Number.NaN, min, max),
  };
}

/** Seconds, or a number with ms, s, min, h or d; in milliseconds. The bounds are in seconds. */
function duration(min: number, max: number): Kind<number> {
  return {
    takes: `a time from ${min} to ${max} seconds (as 10, 500ms, 10s, 5min, 2h or 1d)`,
    parse: (value) => {
      const seconds = within(amount(value, secondUnits), min, max);
      return seconds === undefined ? undefined : Math.round(seconds * 1000);
    },
  };
}

/** Bytes, or a number with KB, MB, GB (thousands) or KiB, MiB, GiB (1,024s). */
function bytes(min: number, max: number): Kind<number> {
  return {
    takes: `a size from ${min} to ${max} bytes (as 20971520, 20MB or 20MiB)`,
    parse: (value) => within(Math.floor(amount(value, byteUnits)), min, max),
  };
}

function oneOf<T extends string>(...values: T[]): Kind<T> {
  return {
    takes: `one of ${values.join(', ')}`,
    parse: (value) => values.find((known) => known === value),
  };
}

function amount(value: string, units: Record<string, number>): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value) ?? [];
  return Number(number) * (units[unit.toLowerCase()] ?? Number.NaN);
}

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}
