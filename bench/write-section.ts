import { readFileSync, writeFileSync } from 'node:fs';

/** Puts a section's results into a page, between the comments that bear its name. */
export function writeSection(file: string, section: string, markdown: string): void {
  const [begin, end] = [`<!-- bench ${section} -->`, `<!-- end of ${section} -->`];
  const page = readFileSync(file, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`Expected '${begin}' and '${end}' in ${file} but received neither, or one.`);
  }
  writeFileSync(file, `${page.slice(0, from + begin.length)}\n${markdown}\n${page.slice(to)}`);
}
