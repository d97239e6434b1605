import { vi } from 'vitest';
import type { GenesysSimulator } from '../../local/genesys/simulator.ts';
import type { Facets } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { type StatusAnswer, statusOf } from '../../src/agent/status.ts';
import { createGenesysConnection } from '../../src/platforms/genesys/connection.ts';
import type { GenesysSettings } from '../../src/platforms/genesys/settings.ts';
import type { PlatformConnection, PlatformContext, PlatformReport } from '../../src/platforms/platform.ts';

export const CONNECTION = 'genesys-test';
const WAIT = { timeout: 20_000, interval: 20 };

/** A clock that runs as the host's does, and can be put forward. */
export function adjustableClock() {
  let aheadMs = 0;
  return {
    nowMs: () => Date.now() + aheadMs,
    monotonicMs: () => performance.now() + aheadMs,
    forward(ms: number) {
      aheadMs += ms;
    },
  };
}

/** A connection to a simulator, and what it reported, merged as every region merges it. */
export class Recorder {
  readonly reports: PlatformReport[] = [];
  readonly warnings: string[] = [];
  readonly counts = new Map<string, number>();
  readonly clock = adjustableClock();
  readonly connection: PlatformConnection;
  readonly #agents = new Map<string, Facets>();
  #isReporting = false;
  /** Holds reports back while it is set. */
  gate: Promise<void> | undefined;

  constructor(simulator: GenesysSimulator, settings: Partial<GenesysSettings> = {}) {
    const context: PlatformContext = {
      connection: CONNECTION,
      report: (reports) => this.#take(reports),
      log: { info: () => {}, warn: (fields, message) => this.warnings.push(`${message} ${JSON.stringify(fields)}`) },
      count: (name) => this.counts.set(name, this.count(name) + 1),
    };
    const access = { loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
    this.connection = createGenesysConnection({ ...access, ...settings }, context, this.clock);
  }

  count(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  userIds(): string[] {
    return [...this.#agents.keys()].map((id) => id.slice(CONNECTION.length + 1));
  }

  facets(userId: string): Facets {
    return this.#agents.get(`${CONNECTION}:${userId}`) ?? {};
  }

  status(userId: string): StatusAnswer {
    return statusOf(this.facets(userId), this.clock.nowMs());
  }

  /** Starts the connection and waits until it is live. */
  async live(): Promise<void> {
    this.connection.start();
    await this.until(() => this.connection.health().connected);
  }

  async until(condition: () => boolean): Promise<void> {
    await vi.waitFor(() => {
      if (!condition()) throw new Error(`still not so: ${condition} ${JSON.stringify(this.connection.health())}`);
    }, WAIT);
  }

  async #take(reports: PlatformReport[]): Promise<void> {
    if (this.#isReporting) throw new Error('report was called twice at once');
    this.#isReporting = true;
    await this.gate;
    this.reports.push(...reports);
    for (const { agentId, facets } of reports) {
      this.#agents.set(agentId, merge(this.#agents.get(agentId) ?? {}, facets).facets);
    }
    this.#isReporting = false;
  }
}
