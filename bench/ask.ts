import type { ChildProcess } from 'node:child_process';

/** Sends an order to a process over Node's IPC, and resolves with its one answer. Throws where the process ends first. */
export function ask<Answer>(child: ChildProcess, order: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const lost = (code: number | null, signal: string | null) =>
      reject(new Error(`A process of the benchmark ended with ${signal ?? code}.`));
    child.once('exit', lost);
    child.once('message', (answer) => {
      child.off('exit', lost);
      resolve(answer as Answer);
    });
    child.send(order);
  });
}
