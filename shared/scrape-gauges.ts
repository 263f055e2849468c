import { Gauge, type Registry } from 'prom-client';

/** A gauge that is read when somebody asks for it. */
export interface ScrapeGauge<S> {
  name: string;
  help: string;
  /** The name of its label, where it has one. */
  label?: string;
  /** Its value, or one for each value of its label, from what was read; without an entry where it is not known. */
  values: (snapshot: S) => number | undefined | Record<string, number | undefined>;
}

/**
 * Registers gauges that are all read from one snapshot, which is taken once for each scrape and never rejects. What is
 * not known then is left out, since a last value would pass for the present one.
 */
export function registerScrapeGauges<S>(
  registry: Registry,
  takeSnapshot: () => Promise<S>,
  gauges: ScrapeGauge<S>[],
): void {
  let taking: Promise<S> | undefined;
  const snapshot = () => {
    taking ??= takeSnapshot().finally(() => {
      taking = undefined;
    });
    return taking;
  };
  for (const { name, help, label, values } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: label ? [label] : [],
      registers: [registry],
      async collect() {
        const found = values(await snapshot());
        if (!label) {
          this.remove();
          if (typeof found === 'number') this.set(found);
          return;
        }
        this.reset();
        for (const [key, value] of Object.entries(found ?? {})) {
          if (value !== undefined) this.set({ [label]: key }, value);
        }
      },
    });
  }
}
