import { vi } from 'vitest';
import { type Facets, type Interaction, interactionOf, type Stamped } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { reconcile } from '../../src/agent/reconcile.ts';
import { type StatusAnswer, statusOf } from '../../src/agent/status.ts';
import { type Clock, systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import type { PlatformConnection, PlatformContext, ReadPage } from '../../src/platforms/platform.ts';

const WAIT = { timeout: 20_000, interval: 20 };
/** More than any test asks for. */
const REQUESTS_PER_MINUTE = 100_000;

/** A clock that runs as the host's does, and can be put forward. */
export function adjustableClock() {
  let aheadMs = 0;
  return {
    nowMs: () => systemClock.nowMs() + aheadMs,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    forward(ms: number) {
      aheadMs += ms;
    },
  };
}

/** What became known of an agent, by a report or because a reading differed. */
interface Heard {
  agentId: string;
  facets: Facets;
  by: 'report' | 'reading';
}

/** A connection, and what it told, merged as every region merges it and compared as the home does. */
export class Recorder {
  readonly reports: Heard[] = [];
  readonly warnings: string[] = [];
  readonly passedOver: string[] = [];
  readonly counts = new Map<string, number>();
  readonly clock = adjustableClock();
  readonly connection: PlatformConnection;
  readonly #name: string;
  readonly #agents = new Map<string, Facets>();
  #isReporting = false;
  /** Complete readings so far. */
  readings = 0;
  /** Holds reports back while it is set. */
  gate: Promise<void> | undefined;

  constructor(
    name: string,
    readingIntervalMs: number,
    open: (context: PlatformContext, clock: Clock) => PlatformConnection,
  ) {
    this.#name = name;
    const context: PlatformContext = {
      connection: name,
      budget: new Budget(this.clock, REQUESTS_PER_MINUTE),
      readingIntervalMs,
      report: (reports) => this.#take(reports),
      compare: async (page) => this.#compare(page),
      reconcile: async (reading) => {
        const named = new Set<string>();
        for await (const page of reading.pages()) {
          for (const { agentId } of page.agents) named.add(agentId);
          this.#compare(page);
        }
        const unnamed = [...this.#agents.keys()].filter((agentId) => !named.has(agentId));
        for await (const page of reading.byId(unnamed)) this.#compare(page);
        this.readings += 1;
      },
      passOver: (agentId) => this.passedOver.push(agentId),
      log: { info: () => {}, warn: (event, fields) => this.warnings.push(`${event} ${JSON.stringify(fields)}`) },
      count: (event) => this.counts.set(event, this.count(event) + 1),
    };
    this.connection = open(context, this.clock);
  }

  count(event: string): number {
    return this.counts.get(event) ?? 0;
  }

  userIds(): string[] {
    return [...this.#agents.keys()].map((id) => id.slice(this.#name.length + 1));
  }

  facets(userId: string): Facets {
    return this.#agents.get(`${this.#name}:${userId}`) ?? {};
  }

  status(userId: string): StatusAnswer {
    return statusOf(this.facets(userId), this.clock.nowMs());
  }

  /** An interaction of an agent, whatever its medium. */
  interaction(userId: string, callId: string): Stamped<Interaction> | undefined {
    return interactionOf(this.facets(userId), callId);
  }

  /** The steps of an interaction in the order of their versions, each state once. */
  steps(callId: string): string[] {
    const told = this.reports.flatMap(({ facets }) => interactionOf(facets, callId) ?? []);
    const ordered = told.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
    return [...new Set(ordered.map(({ state }) => state))];
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

  /** Forgets an agent, as a store may in a failover. */
  lose(userId: string): void {
    this.#agents.delete(`${this.#name}:${userId}`);
  }

  #compare({ atMs, agents }: ReadPage): void {
    for (const { agentId, ...told } of agents) {
      const { facets, differences } = reconcile(this.#agents.get(agentId), told, atMs);
      if (differences.length > 0) this.#note({ agentId, facets, by: 'reading' });
    }
  }

  #note(heard: Heard): void {
    this.reports.push(heard);
    this.#agents.set(heard.agentId, merge(this.#agents.get(heard.agentId) ?? {}, heard.facets).facets);
  }

  async #take(reports: { agentId: string; facets: Facets }[]): Promise<void> {
    if (this.#isReporting) throw new Error('report was called twice at once');
    this.#isReporting = true;
    await this.gate;
    for (const report of reports) this.#note({ ...report, by: 'report' });
    this.#isReporting = false;
  }
}
