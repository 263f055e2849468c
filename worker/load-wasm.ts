import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../shared/project-root.ts';

/** A module of `worker/wasm/`, with a memory of its own, as what it exports. Addresses are offsets in its memory. */
export function loadWasm<Exports>(name: 'jpeg' | 'tensor'): Exports {
  const file = join(projectRoot(), 'worker', 'wasm', `${name}.wasm`);
  const module = new WebAssembly.Module(readFileSync(file));
  return new WebAssembly.Instance(module).exports as Exports;
}
