import { execFileSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

// Compiles the sources into a folder, and API and worker there with their packages into one file each, beside what they
// load later: to find and open 740 files took the API half of its start, and a worker a quarter.
const { outDir, sourceMap } = parseArgs({
  options: {
    outDir: { type: 'string', default: 'dist' },
    sourceMap: { type: 'string', default: 'true' },
  },
}).values;

execFileSync(
  'tsc',
  ['--project', 'tsconfig.build.json', '--outDir', outDir, '--sourceMap', sourceMap],
  { stdio: 'inherit' },
);
for (const [service, entries] of Object.entries({
  api: ['main.js', 'health-check.js'],
  worker: ['main.js', 'health-check.js', 'child/main.js'],
})) {
  const compiled = join(outDir, service);
  const bundled = `${compiled}.bundled`;
  await build({
    entryPoints: entries.map((name) => join(compiled, name)),
    outdir: bundled,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: sourceMap === 'true',
    // They have parts that are no JavaScript.
    external: ['onnxruntime-node', 'sharp'],
    // For the packages that are CommonJS.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
  });
  rmSync(compiled, { recursive: true });
  renameSync(bundled, compiled);
}
