import { vi } from 'vitest';
import {
  compareVersions,
  type Facets,
  type Interaction,
  type Interactions,
  interactionOf,
  interactionsOf,
  type Stamped,
} from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { reconcile } from '../../src/agent/reconcile.ts';
import { type StatusAnswer, statusOf } from '../../src/agent/status.ts';
import { type Clock, systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import type { AgentReading, PlatformConnection, PlatformContext, ReadPage } from '../../src/platforms/platform.ts';

const WAIT = { timeout: 45_000, interval: 20 };

/** A clock that runs as the host's does, and can be put forward. */
function adjustableClock() {
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

/** The state of an agent on the platform, as far as both platforms show it. */
interface Truth {
  userId: string;
  name: string;
  status: StatusAnswer['status'];
  queueIds: readonly string[];
  presenceSince: string;
  activitySince: string;
}

interface Connected {
  /** Of the connection. */
  name: string;
  readingIntervalMs: number;
  requestsPerMinute: number;
  open: (context: PlatformContext, clock: Clock) => PlatformConnection;
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
  readonly #lastReadings = new Map<string, AgentReading>();
  readonly #interactions = new Map<string, Interactions['byCall']>();
  #isReporting = false;
  /** Complete readings so far. */
  readings = 0;
  /** Holds reports back while it is set. */
  gate: Promise<void> | undefined;

  constructor({ name, readingIntervalMs, requestsPerMinute, open }: Connected) {
    this.#name = name;
    const context: PlatformContext = {
      connection: name,
      budget: new Budget(this.clock, requestsPerMinute),
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

  /** The last reading of the agent. */
  reading(userId: string): AgentReading | undefined {
    return this.#lastReadings.get(`${this.#name}:${userId}`);
  }

  /** The latest version of each interaction, by call id, whether notified or read. */
  interactions(userId: string): Interactions['byCall'] {
    return this.#interactions.get(`${this.#name}:${userId}`) ?? {};
  }

  /** Whether the agent is known here as the platform knows them: status, queues, times. */
  agreesWith({ userId, name, status, queueIds, presenceSince, activitySince }: Truth): boolean {
    const { profile, presence, activity } = this.facets(userId);
    const queues = queueIds.map((id) => `${this.#name}:${id}`).sort();
    return (
      this.status(userId).status === status &&
      profile?.name === name &&
      profile.queues.join() === queues.join() &&
      presence?.at === Date.parse(presenceSince) &&
      activity?.at === Date.parse(activitySince)
    );
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
    for (const reading of agents) {
      const { agentId, ...told } = reading;
      this.#lastReadings.set(agentId, reading);
      this.#noteInteractions(agentId, told.facets);
      const { facets, differences } = reconcile(this.#agents.get(agentId), told, atMs);
      if (differences.length > 0) this.#note({ agentId, facets, by: 'reading' });
    }
  }

  #note(heard: Heard): void {
    this.reports.push(heard);
    this.#noteInteractions(heard.agentId, heard.facets);
    this.#agents.set(heard.agentId, merge(this.#agents.get(heard.agentId) ?? {}, heard.facets).facets);
  }

  #noteInteractions(agentId: string, facets: Facets): void {
    const known = this.#interactions.get(agentId) ?? {};
    for (const interaction of interactionsOf(facets)) {
      const before = known[interaction.callId];
      if (!before || compareVersions(interaction, before) > 0) known[interaction.callId] = interaction;
    }
    this.#interactions.set(agentId, known);
  }

  async #take(reports: { agentId: string; facets: Facets }[]): Promise<void> {
    if (this.#isReporting) throw new Error('report was called twice at once');
    this.#isReporting = true;
    await this.gate;
    for (const report of reports) this.#note({ ...report, by: 'report' });
    this.#isReporting = false;
  }
}

const ends: (() => Promise<void>)[] = [];

/** Stops a simulator and a connection to it when worlds end. */
export function endsLater(simulator: { stop(): Promise<void> }, { connection }: Recorder): void {
  ends.push(
    () => simulator.stop(),
    () => connection.stop(),
  );
}

/** Stops all that is to end later, the last first; for `afterEach`. */
export async function endWorlds(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}
