import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import type { SimulatorOptions } from '@muster/simulators/genesys/options';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { vi } from 'vitest';
import { compareVersions, type Facets, type Interactions, interactionsOf } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { reconcile } from '../../src/agent/reconcile.ts';
import { type StatusAnswer, statusOf } from '../../src/agent/status.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import { createGenesysConnection } from '../../src/platforms/genesys/connection.ts';
import type { GenesysSettings } from '../../src/platforms/genesys/settings.ts';
import type { AgentReading, PlatformConnection, PlatformContext, ReadPage } from '../../src/platforms/platform.ts';

export const CONNECTION = 'genesys-test';
const WAIT = { timeout: 20_000, interval: 20 };

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

/** What became known of an agent, by a notification or because a reading differed. */
interface Heard {
  agentId: string;
  facets: Facets;
}

/** A connection to a simulator, and what it told, merged as every region merges it and compared as the home does. */
export class Recorder {
  readonly reports: Heard[] = [];
  readonly warnings: string[] = [];
  readonly passedOver: string[] = [];
  readonly counts = new Map<string, number>();
  readonly clock = adjustableClock();
  readonly connection: PlatformConnection;
  readonly #agents = new Map<string, Facets>();
  readonly #readings = new Map<string, AgentReading>();
  readonly #interactions = new Map<string, Interactions['byCall']>();
  #isReporting = false;
  /** Holds reports back while it is set. */
  gate: Promise<void> | undefined;

  constructor(simulator: GenesysSimulator, settings: Partial<GenesysSettings> = {}, readingIntervalMs = 60_000) {
    const context: PlatformContext = {
      connection: CONNECTION,
      budget: new Budget(this.clock, 180),
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
      },
      passOver: (agentId) => this.passedOver.push(agentId),
      log: { info: () => {}, warn: (event, fields) => this.warnings.push(`${event} ${JSON.stringify(fields)}`) },
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

  /** What the last reading told of the agent. */
  reading(userId: string): AgentReading | undefined {
    return this.#readings.get(`${CONNECTION}:${userId}`);
  }

  /** The latest of each interaction, by call id, whether notified or read. */
  interactions(userId: string): Interactions['byCall'] {
    return this.#interactions.get(`${CONNECTION}:${userId}`) ?? {};
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

  /** Forgets an agent, as a store may in a failover. */
  lose(userId: string): void {
    this.#agents.delete(`${CONNECTION}:${userId}`);
  }

  #compare({ atMs, agents }: ReadPage): void {
    for (const reading of agents) {
      const { agentId, ...told } = reading;
      this.#readings.set(agentId, reading);
      this.#noteInteractions(agentId, told.facets);
      const { facets, differences } = reconcile(this.#agents.get(agentId), told, atMs);
      if (differences.length > 0) this.#note({ agentId, facets });
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

  async #take(reports: Heard[]): Promise<void> {
    if (this.#isReporting) throw new Error('report was called twice at once');
    this.#isReporting = true;
    await this.gate;
    for (const report of reports) this.#note(report);
    this.#isReporting = false;
  }
}

export const AGENTS = 12;
export const QUICK = { lagFromMs: 1, lagToMs: 5 };

const ends: (() => Promise<void>)[] = [];
/** Stops whatever `world` started; for `afterEach`. */
export async function endWorlds(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}

/** An organisation where nobody acts of their own accord, and a connection to it that has not begun. */
export async function world(
  options: Partial<SimulatorOptions> = {},
  settings: Partial<GenesysSettings> = {},
  readingIntervalMs?: number,
) {
  const simulator = await startGenesysSimulator({
    agents: AGENTS,
    queues: 3,
    paused: true,
    timings: QUICK,
    requestsPerMinute: 10_000,
    ...options,
  });
  ends.push(() => simulator.stop());
  const recorder = new Recorder(simulator, settings, readingIntervalMs);
  ends.push(() => recorder.connection.stop());
  return { simulator, recorder };
}

export async function liveWorld(
  options: Partial<SimulatorOptions> = {},
  settings: Partial<GenesysSettings> = {},
  readingIntervalMs?: number,
) {
  const { simulator, recorder } = await world(options, settings, readingIntervalMs);
  await recorder.live();
  return { simulator, recorder, userId: recorder.userIds()[0] ?? '' };
}

/** Whether the mirror and the organisation agree on a user: status, queues, times. */
function agree(recorder: Recorder, simulator: GenesysSimulator, userId: string): boolean {
  const truth = simulator.user(userId);
  const { profile, presence, activity } = recorder.facets(userId);
  const expected = truth.available ? 'AVAILABLE' : truth.presence === 'Offline' ? 'OFFLINE' : 'BUSY';
  const queues = truth.queueIds.map((id) => `${CONNECTION}:${id}`).sort();
  return (
    recorder.status(userId).status === expected &&
    profile?.name === truth.name &&
    profile.queues.join() === queues.join() &&
    presence?.at === Date.parse(truth.presenceSince) &&
    activity?.at === Date.parse(truth.routingStatusSince)
  );
}

export const allAgree = (recorder: Recorder, simulator: GenesysSimulator) =>
  recorder.userIds().length === simulator.state().agents &&
  recorder.userIds().every((userId) => agree(recorder, simulator, userId));
