import { execFileSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

// Compiles the sources into a folder, and the API there with its packages into one file, beside what it loads later:
// to find and open 740 files took it half of its start.
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
const [compiled, bundled] = [join(outDir, 'api'), join(outDir, 'api.bundled')];
await build({
  entryPoints: ['main.js', 'health-check.js'].map((name) => join(compiled, name)),
  outdir: bundled,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: sourceMap === 'true',
  // For the packages that are CommonJS.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
});
rmSync(compiled, { recursive: true });
renameSync(bundled, compiled);
