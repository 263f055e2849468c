import { parseConfig } from '../shared/config.ts';

// Run by the container's engine: exits 0 where the API beside it is ready, else 1, and says which in a line.
try {
  const { port } = parseConfig(process.env);
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, {
    signal: AbortSignal.timeout(3_000),
  });
  end(answer.ok ? 0 : 1, `/readyz answered ${answer.status}`);
} catch (error) {
  end(1, `/readyz did not answer: ${error instanceof Error ? error.message : error}`);
}

function end(code: number, line: string): never {
  console.log(line);
  process.exit(code);
}
