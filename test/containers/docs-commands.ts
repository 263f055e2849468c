import { readFileSync } from 'node:fs';

/** The blocks of commands under a heading of docs/deploy.md, so that they are tested as they are printed. */
export function readDocsCommands(heading: string): string[] {
  const [, section = ''] = readFileSync('docs/deploy.md', 'utf8').split(`# ${heading}\n`);
  const [text = ''] = section.split(/^#+ /m);
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands = '']) => commands);
}
