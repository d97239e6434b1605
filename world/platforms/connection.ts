import type { Customs } from '@muster/simulators/genesys/customs';
import type { Habits } from '@muster/simulators/genesys/options';
import type { RejectionCounts } from '@muster/simulators/kit/judge';
import type { Witness } from '@muster/simulators/kit/witness';
import type { Media } from '../../src/agent/facets.ts';
import type { Http } from '../tools/http.ts';
import type { Organisation } from './organisation.ts';
import type { Script, Way } from './scripts.ts';
import type { Truth } from './truth.ts';

/** An interaction that is sent to an agent. */
export interface Sent {
  conversationId: string;
  /** The platform's own id of the agent. */
  userId: string;
  media?: Media;
  /** On Genesys Cloud; default: by routing. */
  way?: Way;
}

/** A queue of an organisation in which calls wait to be assigned. */
export interface WaitingRoom {
  /** Puts a call into the queue. @returns the queue's id in Muster */
  enter(callId: string, queue: string): string;
  /** Whether the call still waits. */
  isWaiting(callId: string): boolean;
}

/** The platform's answer to a call that was sent. */
export interface SentAnswer {
  accepted: boolean;
}

/** The counts of a platform, which knows nothing of Muster. */
export interface PlatformState extends RejectionCounts {
  agents: number;
  onQueue: number;
  idle: number;
  interacting: number;
  interactionsSent: number;
  interactionsCompleted: number;
}

interface ConnectionOptions {
  /** E.g. `genesys-eu`. */
  name: string;
  /** The home region, which ingests it. */
  home: string;
  agents: number;
  seed: number;
  habits: Partial<Habits>;
  /** Open choices of a Genesys Cloud organisation. */
  customs: Customs;
  /** Whether Muster reads the agents' capacity from the platform. */
  utilization: boolean;
  /** Observes events on the platform. */
  witness?: Witness | undefined;
}

/** The controls that every simulator has. */
interface PlatformSimulator {
  /** Address of the simulator. */
  readonly url: string;
  state(): PlatformState;
  /** Lets running interactions end and nothing new begin. */
  pause(): void;
  /** Customers who have been answered hang up now. */
  hangUp(): void;
  stop(): Promise<void>;
}

/** A simulated account on a platform, as a connection of the regions. */
export abstract class LocalConnection<Simulator extends PlatformSimulator = PlatformSimulator> {
  readonly name: string;
  readonly home: string;
  readonly agents: number;
  protected readonly options: ConnectionOptions;
  /** Display name, e.g. `Genesys Cloud`. */
  abstract readonly platform: string;
  /** The script that it runs for a call. */
  abstract readonly script: Script;
  #started: { simulator: Simulator; organisation: Organisation } | undefined;

  constructor(options: ConnectionOptions) {
    this.name = options.name;
    this.home = options.home;
    this.agents = options.agents;
    this.options = options;
  }

  get simulator(): Simulator {
    return this.#running.simulator;
  }

  get organisation(): Organisation {
    return this.#running.organisation;
  }

  get url(): string {
    return this.simulator.url;
  }

  /** The ways by which calls that arrive there reach an agent. @param _ways the ways to use, if the platform has several */
  entrance(_ways: readonly Way[]): { script: Script; ways: readonly Way[]; room?: WaitingRoom } {
    return { script: this.script, ways: ['transfer-to-acd'] };
  }

  /** An agent's id in Muster. */
  agentId(userId: string): string {
    return `${this.name}:${userId}`;
  }

  agentIds(): string[] {
    return this.organisation.userIds.map((id) => this.agentId(id));
  }

  async start(http: Http): Promise<void> {
    const simulator = await this.simulate();
    try {
      this.#started = { simulator, organisation: await this.read(simulator, http) };
    } catch (error) {
      await simulator.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#started?.simulator.stop();
    this.#started = undefined;
  }

  state(): PlatformState {
    return this.simulator.state();
  }

  pause(): void {
    this.simulator.pause();
  }

  hangUp(): void {
    this.simulator.hangUp();
  }

  /** Its part of an instance's configuration. @param url by which that instance reaches the platform */
  abstract settings(url: string): object;
  abstract send(sent: Sent): SentAnswer;
  /** The true state of an agent. @throws Error for an unknown id */
  abstract truth(userId: string): Truth;
  protected abstract simulate(): Promise<Simulator>;
  /** @throws Error if the simulator refuses */
  protected abstract read(simulator: Simulator, http: Http): Promise<Organisation>;

  get #running() {
    if (!this.#started) throw new Error(`the connection ${this.name} has not started`);
    return this.#started;
  }
}

/** The connection of an agent. @throws Error if none of these has the agent */
export function connectionOf(agentId: string, connections: readonly LocalConnection[]): LocalConnection {
  const connection = connections.find(({ name }) => agentId.startsWith(`${name}:`));
  if (!connection) throw new Error(`the agent ${agentId} belongs to no connection`);
  return connection;
}

/** Sends an interaction to an agent on their platform. @throws Error if none of these has the agent */
export function sendTo(
  agentId: string,
  sent: Omit<Sent, 'userId'>,
  connections: readonly LocalConnection[],
): SentAnswer {
  const connection = connectionOf(agentId, connections);
  return connection.send({ ...sent, userId: agentId.slice(connection.name.length + 1) });
}
