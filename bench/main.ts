import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureFlat } from './measure-flat.ts';
import { measureHttp } from './measure-http.ts';
import { measureLatency } from './measure-latency.ts';
import { measureOverhead } from './measure-overhead.ts';
import { measureStart } from './measure-start.ts';
import { type BenchOptions, parseOptions } from './options.ts';
import { makePictures, type Pictures } from './pictures.ts';
import { type Report, renderReport } from './report.ts';
import { writeSection } from './write-section.ts';

type Section = (options: BenchOptions, pictures: Pictures) => Promise<Report>;

const sections: Record<string, Section> = {
  overhead: measureOverhead,
  latency: measureLatency,
  http: measureHttp,
  flat: measureFlat,
  start: measureStart,
};

const options = parseOptions(process.argv.slice(2), Object.keys(sections));
const workFolder = mkdtempSync(join(tmpdir(), 'darkroom-bench-'));
try {
  const pictures = await makePictures(workFolder, options.pictures);
  for (const name of options.only) {
    const markdown = `${renderReport(await (sections[name] as Section)(options, pictures))}\n`;
    console.log(`\n## ${name}\n\n${machine()}\n\n${markdown}`);
    if (options.write) writeSection(options.write, name, `${machine()}\n\n${markdown}`);
  }
} finally {
  rmSync(workFolder, { recursive: true });
}

function machine(): string {
  return `${options.processes} cores of ${cpus()[0]?.model}, Node ${process.version}.`;
}
