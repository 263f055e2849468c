import type { Command } from 'commander';
import { expected } from '../shared/errors.ts';
import { KEY_NAME, type KeyStore } from '../shared/key-store.ts';
import { formatRate, parseRate, RATE_FORM } from '../shared/rate.ts';
import { textTable } from './text-table.ts';
import { UsageError } from './usage-error.ts';

type WithStore = (use: (store: KeyStore) => Promise<void>) => Promise<void>;

/** `darkroom keys create|list|rotate|revoke`. A new key stands alone on stdout, so that it can be piped. */
export function addKeysCommand(program: Command, withStore: WithStore): void {
  const keys = program
    .command('keys')
    .description('API keys: who may call, how fast, and whose usage it is');

  keys
    .command('create')
    .argument('<name>', 'whose key it is')
    .option(
      '--rate <rate>',
      'submissions that it may make, as 60/min; without it, RATE_LIMIT holds',
    )
    .option('--operator', 'a key of who runs the service, for dead letters too')
    .description('make a key and show it, once')
    .action((name: string, { rate, operator }: { rate?: string; operator?: true }) =>
      withStore(async (store) => {
        if (!KEY_NAME.test(name)) {
          throw new UsageError(
            expected('letters, digits, dots, dashes and underscores', 'NAME', name),
          );
        }
        const parsed = rate === undefined ? undefined : parseRate(rate);
        if (rate !== undefined && !parsed)
          throw new UsageError(expected(RATE_FORM, '--rate', rate));
        const secret = await store.create(name, parsed && formatRate(parsed), operator);
        if (!secret)
          throw new UsageError(
            `There is a key of the name '${name}' already: rotate or revoke it.`,
          );
        show(secret);
      }),
    );

  keys
    .command('list')
    .description('list the keys; the keys themselves are kept nowhere')
    .action(() =>
      withStore(async (store) => {
        const rows = (await store.list()).map(({ name, rate, operator, createdAt }) => [
          name,
          rate ?? '-',
          operator ? 'operator' : '-',
          createdAt,
        ]);
        process.stdout.write(textTable([['NAME', 'RATE', 'ROLE', 'CREATED'], ...rows]));
      }),
    );

  keys
    .command('rotate')
    .argument('<name>')
    .description('give a key a new secret and show it, once; the old one ends')
    .action((name: string) =>
      withStore(async (store) => {
        const secret = await store.rotate(name);
        if (!secret) throw noSuchKey(name);
        show(secret);
      }),
    );

  keys
    .command('revoke')
    .argument('<name>')
    .description('end a key')
    .action((name: string) =>
      withStore(async (store) => {
        if (!(await store.revoke(name))) throw noSuchKey(name);
        process.stderr.write(`The key '${name}' has ended.\n`);
      }),
    );
}

function show(secret: string): void {
  process.stdout.write(`${secret}\n`);
  process.stderr.write('Keep it: it is not shown again.\n');
}

function noSuchKey(name: string): UsageError {
  return new UsageError(
    `There is no key of the name '${name}' that was made by 'darkroom keys create'.`,
  );
}
