import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

// Makes of node_modules two folders: packages/shared, for both images, and packages/worker, which holds what opens
// images and runs models, for the worker's alone. Neither keeps what no program reads at run time.
const WORKER_ONLY = ['sharp', 'onnxruntime-node'];
const [shared, worker] = ['packages/shared', 'packages/worker'];

npm('prune', '--omit=dev');
cpSync('node_modules', worker, { recursive: true });
npm('uninstall', '--no-save', '--omit=dev', ...WORKER_ONLY);
cpSync('node_modules', shared, { recursive: true });

keep(worker, (path) => !existsSync(join(shared, path)));
for (const folder of [shared, worker]) keep(folder, isReadAtRunTime);
// What api/docs/docs-pages.ts serves of Swagger UI.
const served = ['package.json', 'swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];
keep(
  join(shared, 'swagger-ui-dist'),
  (path) => served.includes(path) || /^(LICENSE|NOTICE|swagger-ui-bundle\.js\.LICENSE)/.test(path),
);
keep(join(worker, 'onnxruntime-node/bin'), (path) => path.includes(`/linux/${process.arch}/`));

function isReadAtRunTime(path) {
  const name = basename(path);
  if (path.startsWith('.bin/') || name === '.package-lock.json') return false;
  if (/(^|\/)(tests?|__tests__|bench|benchmarks?|examples?|docs)\//.test(path)) return false;
  return !/\.(map|[cm]?ts)$|\.test\.|^(readme|changelog|history)\b.*\.md$/i.test(name);
}

/** Removes from a folder every file that is not to be kept, and every folder that is empty then. */
function keep(folder, isKept, within = '') {
  for (const entry of readdirSync(join(folder, within), { withFileTypes: true })) {
    const path = join(within, entry.name);
    if (entry.isDirectory()) keep(folder, isKept, path);
    else if (!isKept(path)) rmSync(join(folder, path));
  }
  if (readdirSync(join(folder, within)).length === 0) rmdirSync(join(folder, within));
}

function npm(...args) {
  execFileSync('npm', args, { stdio: 'inherit' });
}
