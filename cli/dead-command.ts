import type { Command } from 'commander';
import type { DeadLetter, DeadLetters } from '../shared/dead-letters.ts';
import { presentDeadLetter } from '../shared/present-dead-letter.ts';
import { textTable } from './text-table.ts';
import { UsageError } from './usage-error.ts';

type WithLetters = (use: (letters: DeadLetters) => Promise<void>) => Promise<void>;

const PAGE = 100;
/** Characters of a cause in the list: the message, for most. */
const CAUSE_WIDTH = 60;

/** `darkroom dead list|show|retry|drop`: what was given up after every attempt, for no fault of its image. */
export function addDeadCommand(program: Command, withLetters: WithLetters): void {
  const dead = program
    .command('dead')
    .description('jobs that were given up for no fault of their image: why, and once more');

  dead
    .command('list')
    .description('list them, the last to die first')
    .action(() =>
      withLetters(async (letters) => {
        const rows: string[][] = [];
        for await (const letter of all(letters)) rows.push(row(letter));
        process.stdout.write(
          textTable([['JOB', 'OWNER', 'DIED', 'ATTEMPTS', 'MODEL', 'CAUSE'], ...rows]),
        );
      }),
    );

  dead
    .command('show')
    .argument('<job>')
    .description('show one as JSON, with its cause')
    .action((id: string) =>
      withLetters(async (letters) => {
        const letter = await letters.read(id);
        if (!letter) throw noSuchLetter(id);
        process.stdout.write(`${JSON.stringify(presentDeadLetter(letter), undefined, 2)}\n`);
      }),
    );

  dead
    .command('retry')
    .argument('[job...]')
    .option('--all', 'all that there are')
    .description('run them again as new jobs, whose ids are printed')
    .action((ids: string[], { all: isAll }: { all?: true }) =>
      withLetters((letters) =>
        each(letters, ids, isAll, async (id) => {
          const retried = await letters.retry(id);
          if (retried) process.stdout.write(`${retried.id}\n`);
          return retried !== undefined;
        }),
      ),
    );

  dead
    .command('drop')
    .argument('[job...]')
    .option('--all', 'all that there are')
    .description('drop their images and causes; the jobs stay failed')
    .action((ids: string[], { all: isAll }: { all?: true }) =>
      withLetters((letters) => each(letters, ids, isAll, (id) => letters.drop(id))),
    );
}

async function* all(letters: DeadLetters): AsyncGenerator<DeadLetter> {
  let before: number | undefined;
  do {
    const page = await letters.list(before, PAGE);
    yield* page.letters;
    before = page.next;
  } while (before !== undefined);
}

/** Does it with those that are named, or with all; of all, one that has gone meanwhile is passed over. */
async function each(
  letters: DeadLetters,
  ids: string[],
  isAll: true | undefined,
  act: (id: string) => Promise<boolean>,
): Promise<void> {
  if (ids.length > 0 === (isAll === true)) {
    throw new UsageError("Expected the ids of jobs, of 'darkroom dead list', or --all.");
  }
  for (const id of ids) if (!(await act(id))) throw noSuchLetter(id);
  if (isAll) for await (const { id } of all(letters)) await act(id);
}

function row({ id, record, cause, diedAt }: DeadLetter): string[] {
  const [message = ''] = cause.split('\n');
  return [
    id,
    record.owner || '-',
    new Date(diedAt).toISOString(),
    `${record.attempts}`,
    record.spec.model,
    message.slice(0, CAUSE_WIDTH),
  ];
}

function noSuchLetter(id: string): UsageError {
  return new UsageError(`There is no dead letter of a job '${id.slice(0, 80)}'.`);
}
