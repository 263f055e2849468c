/** How long the same Ctrl-C may come twice: from the terminal, and from npm, which passes it on. */
const ECHO_MS = 1_000;
const ORPHAN_CHECK_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export type StopRequest = ReturnType<typeof watchForStop>;

/**
 * Two signals to abort by: `polite` at the first request to end, `impatient` at the second.
 * That the process that runs us is gone is a request too.
 */
export function watchForStop(source: StopSource, isOrphaned: () => boolean, now = Date.now) {
  const polite = new AbortController();
  const impatient = new AbortController();
  let askedAt = 0;
  const ask = () => {
    if (!polite.signal.aborted) {
      askedAt = now();
      polite.abort();
    } else if (now() - askedAt > ECHO_MS) {
      impatient.abort();
    }
  };
  for (const signal of SIGNALS) source.on(signal, ask);
  const timer = setInterval(() => {
    if (!isOrphaned()) return;
    clearInterval(timer);
    ask();
  }, ORPHAN_CHECK_MS);

  return {
    polite: polite.signal,
    impatient: impatient.signal,
    dispose(): void {
      clearInterval(timer);
      for (const signal of SIGNALS) source.off(signal, ask);
    },
  };
}
