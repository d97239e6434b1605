import { join } from 'node:path';
import { systemClock } from '../src/ops/clock.ts';
import { type Verdict, verify } from '../src/verify/verify.ts';
import type { LocalBus } from './bus/bus.ts';
import { Callers } from './callers/callers.ts';
import { CallersLedger } from './callers/callers-ledger.ts';
import { connectionOf, type LocalConnection, sendTo } from './platforms/connection.ts';
import { GenesysConnection } from './platforms/genesys-connection.ts';
import { quieten } from './platforms/quiet.ts';
import { findPrograms } from './programs.ts';
import { virtualQueues } from './region/config.ts';
import type { LocalRegion } from './region/region.ts';
import { awaitConvergence, type Convergence } from './reports/convergence.ts';
import { judgeDoubleBookings } from './reports/double-bookings.ts';
import { awaitAgents } from './reports/readiness.ts';
import { type Reading, readRegion } from './reports/reading.ts';
import { reportOn, type WorldReport } from './reports/report.ts';
import { WorldHistory } from './reports/world-history.ts';
import { planBus, planConnections, planRegions, planWeather } from './scene.ts';
import { Folder } from './tools/folder.ts';
import { Http } from './tools/http.ts';
import { Construction, type Step, takeSteps } from './tools/step.ts';
import { BUS, type Weather } from './weather/weather.ts';
import { WORLD_DEFAULTS, type WorldOptions } from './world-options.ts';
import { readSettings } from './world-settings.ts';

/** The world still runs when it is judged: a claim may lapse, and be recorded, just before the last line. */
const UNDER_WAY_MS = 2_000;
/** Longer than any conversation of the agents. */
const QUIET_LIMIT_MS = 60_000;

/**
 * Starts the local world; resolves once every region knows every agent and can hand some out. There are no calls yet.
 * @param take runs the steps of the start, e.g. showing them
 * @throws Error saying what did not start; then everything is cleaned up
 */
export async function startWorld(given: Partial<WorldOptions> = {}, take = takeSteps): Promise<World> {
  const startedMs = systemClock.monotonicMs();
  const options = { ...WORLD_DEFAULTS, ...given };
  await findPrograms(options.bus);
  const folder = new Folder(options.keep);
  const world = await World.plan(options, folder);
  try {
    await take(world.steps());
    world.readyMs = systemClock.monotonicMs() - startedMs;
    world.firstReadings = await world.readings();
    return world;
  } catch (error) {
    await world.stop();
    throw error;
  }
}

type Parts = Pick<World, 'regions' | 'connections' | 'bus' | 'weather' | 'history' | 'ledger' | 'http'>;

/** Three regions, the bus and the weather between them, three platforms with their agents, and the callers. */
export class World {
  readonly regions: readonly LocalRegion[];
  readonly connections: readonly LocalConnection[];
  readonly bus: LocalBus;
  readonly weather: Weather;
  /** The world's own history; undefined if no histories are kept. */
  readonly history: WorldHistory | undefined;
  /** The callers' history; it writes nothing if no histories are kept. */
  readonly ledger: CallersLedger;
  readonly http: Http;
  /** Duration of the start, in ms. */
  readyMs = 0;
  /** The measurements at that time. */
  firstReadings: Reading[] = [];
  readonly #options: WorldOptions;
  readonly #folder: Folder;
  readonly #construction: Construction;
  #callers: Callers | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(parts: Parts, options: WorldOptions, folder: Folder) {
    this.regions = parts.regions;
    this.connections = parts.connections;
    this.bus = parts.bus;
    this.weather = parts.weather;
    this.history = parts.history;
    this.ledger = parts.ledger;
    this.http = parts.http;
    this.#options = options;
    this.#folder = folder;
    this.#construction = new Construction(options.signal);
  }

  /** Chooses all ports and folders; nothing runs yet. */
  static async plan(options: WorldOptions, folder: Folder): Promise<World> {
    const http = new Http();
    const bus = await planBus(options.bus, folder.path);
    const history = options.histories ? new WorldHistory(join(folder.path, 'world.history.jsonl')) : undefined;
    const ledger = new CallersLedger(history && join(folder.path, 'callers.history.jsonl'));
    const regions = await planRegions(options, folder.path, http, history);
    const connections = planConnections(options, ledger, history);
    const weather = planWeather(options.weather, { regions, connections, bus });
    return new World({ regions, connections, bus, weather, history, ledger, http }, options, folder);
  }

  /** The connections to Genesys Cloud, whose notifications can be made faulty. */
  get organisations(): GenesysConnection[] {
    return this.connections.filter((connection) => connection instanceof GenesysConnection);
  }

  get callers(): Callers {
    this.#callers ??= this.#gatherCallers();
    return this.#callers;
  }

  /** The folder of the world's files. */
  get dir(): string {
    return this.#folder.path;
  }

  /** Resolves with a description if an instance ends unasked. */
  death(): Promise<string> {
    const instances = this.regions.flatMap((region) => region.instances);
    return new Promise((resolve) => {
      for (const instance of instances) {
        instance.onDeath = (lastWords) =>
          resolve(`the instance ${instance.name} ended unexpectedly; the end of its log:\n${lastWords}`);
      }
    });
  }

  /** The start, in order. */
  steps(): Step[] {
    const { regions, connections, bus, weather, http } = this;
    const { replicas, nodeTimeoutMs, signal, ...more } = this.#options;
    const nodes = replicas ? '3 masters, 3 replicas' : '3 masters';
    const surroundings = { weather, bus, regions, connections, more };
    const clusters = regions.map((region) =>
      this.#construction.step(`Redis Cluster of ${region.name} (${nodes})`, () =>
        region.startCluster({ replicas, nodeTimeoutMs }),
      ),
    );
    const simulators = connections.map((connection) =>
      this.#construction.step(`${connection.platform} ${connection.name} (${connection.agents} agents)`, () =>
        connection.start(http),
      ),
    );
    const instances = regions.map((region) =>
      this.#construction.step(`Muster in ${region.name}`, (onProgress) =>
        region.startInstances(surroundings, onProgress),
      ),
    );
    return [
      this.#construction.step('Links between all that will be', () => weather.start()),
      {
        title: 'What Muster stands on',
        together: [
          ...clusters,
          this.#construction.step(`Event bus (${bus.name})`, () => bus.start((region) => weather.port(region, BUS))),
          ...simulators,
        ],
      },
      { title: 'Muster', together: instances },
      this.#construction.step('Every agent known in every region', async (onProgress) => {
        this.history?.follow(weather);
        this.history?.settings(await readSettings(regions[0]?.instance.configFile ?? ''));
        await awaitAgents({ regions, connections, http, signal, onProgress });
      }),
    ];
  }

  /** Ends calls and lets agents finish their work; resolves when all regions agree, or the time is over (default: 20 s). */
  async settle(limitMs?: number): Promise<Convergence> {
    await this.#callers?.stop();
    await quieten(this.connections, QUIET_LIMIT_MS);
    this.history?.drained();
    const convergence = await awaitConvergence(this.connections, this.#urls(), this.http, limitMs);
    this.history?.converged(convergence);
    return convergence;
  }

  /** The measurements of instances until now, by region. */
  readings(): Promise<Reading[]> {
    return Promise.all(this.regions.map((region) => readRegion(region, this.http)));
  }

  /** Verifies the histories until now. @throws Error in a world without histories */
  verdict(): Promise<Verdict> {
    const instances = this.regions.flatMap((region) => region.instances);
    const files = [this.history?.file, this.ledger.file, ...instances.map((instance) => instance.judgedHistory())];
    const kept = files.filter((file) => file !== undefined);
    return verify(kept, { regions: this.regions.map(({ name }) => name), graceMs: UNDER_WAY_MS });
  }

  /** Settles, reads measurements, and verifies. @throws Error in a world without histories */
  async report(): Promise<WorldReport> {
    const convergence = await this.settle();
    const readings = await this.readings();
    const verdict = await this.verdict();
    const { agents } = this.#options;
    const platforms = this.connections.map((connection) => connection.state());
    return reportOn({
      readyMs: this.readyMs,
      agents,
      callers: this.callers,
      readings,
      firstReadings: this.firstReadings,
      platforms,
      doubleBookings: judgeDoubleBookings(this.connections, this.callers.verified),
      convergence,
      verdict,
    });
  }

  /** Ends everything in order and removes the folder; the second call waits for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#construction.ended();
    await this.#callers?.stop();
    await Promise.all(this.regions.map((region) => region.stopInstances()));
    await this.weather.stop();
    await Promise.all(this.connections.map((connection) => connection.stop()));
    await this.http.close();
    await this.bus.stop();
    await Promise.all(this.regions.map((region) => region.stopCluster()));
    this.history?.close();
    this.ledger.close();
    this.#folder.remove();
  }

  /** By region. */
  #urls(): Record<string, string> {
    return Object.fromEntries(this.regions.map(({ name, url }) => [name, url]));
  }

  #gatherCallers(): Callers {
    const { callsPerSecond, seed, ways } = this.#options;
    const { connections, http, ledger } = this;
    return new Callers({
      callsPerSecond,
      seed,
      entrances: connections.flatMap((connection) => {
        const region = this.regions.find(({ name }) => name === connection.home);
        return region ? [{ region, ...connection.entrance(ways) }] : [];
      }),
      queues: virtualQueues(connections),
      skills: connections[0]?.organisation.skills ?? [],
      agentIds: connections.flatMap((connection) => connection.agentIds()),
      http,
      ledger,
      homeOf: (agentId) => connectionOf(agentId, connections).home,
      send: (agentId, sent) => sendTo(agentId, sent, connections),
    });
  }
}
