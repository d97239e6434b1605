import type { Config } from '../../config/schema.ts';
import { domainsOf } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Store } from '../../store/store.ts';
import { DomainChecks } from './domain-checks.ts';

interface ConversionsOptions {
  store: Pick<Store, 'conversion' | 'leases'>;
  config: Config;
  instance: string;
  clock: Clock;
  log: Log;
}

const LOOK_EVERY_MS = 1000;

/** After a change of the store's format, writes all records in the new one: each domain on one instance of the region. */
export class Conversions {
  readonly #checks: DomainChecks;

  constructor({ config, ...options }: ConversionsOptions) {
    const { store, log } = options;
    this.#checks = new DomainChecks({
      ...options,
      domains: [...domainsOf(config)],
      work: 'conversions',
      lookEveryMs: LOOK_EVERY_MS,
      check: async (domain, pace) => {
        const records = await store.conversion.convert(domain, pace);
        if (records > 0) log.info('records_converted', { domain, records });
      },
      failed: (domain, error) => log.debug('conversion_failed', { err: error, domain }),
      restMs: () => LOOK_EVERY_MS,
    });
  }

  start(): void {
    this.#checks.start();
  }

  stop(): Promise<void> {
    return this.#checks.stop();
  }
}
