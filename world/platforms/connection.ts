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
  /** On Genesys Cloud: by routing, unless it says otherwise. */
  way?: Way;
}

/** A queue of an organisation in which calls wait to be assigned. */
export interface WaitingRoom {
  /** Puts a call there. @returns the queue as Muster calls it */
  enter(callId: string, queue: string): string;
  /** Whether nobody has it. */
  isWaiting(callId: string): boolean;
}

/** Whether the platform took it to the agent. */
export interface SentAnswer {
  accepted: boolean;
}

/** What a platform counts, which knows nothing of Muster. */
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
  /** The region that ingests it. */
  home: string;
  agents: number;
  seed: number;
  habits: Partial<Habits>;
  /** Of an organisation on Genesys Cloud. */
  customs: Customs;
  /** Whether Muster reads there how many interactions agents may have at a time. */
  utilization: boolean;
  /** Sees what happens on the platform. */
  witness?: Witness | undefined;
}

/** What every simulator of a platform can do. */
interface PlatformSimulator {
  /** Where it answers. */
  readonly url: string;
  state(): PlatformState;
  /** Lets running interactions end and nothing new begin. */
  pause(): void;
  /** Whoever called and has been answered hangs up now. */
  hangUp(): void;
  stop(): Promise<void>;
}

/** A simulated account on a platform, and what the regions call it. */
export abstract class LocalConnection<Simulator extends PlatformSimulator = PlatformSimulator> {
  readonly name: string;
  readonly home: string;
  readonly agents: number;
  protected readonly options: ConnectionOptions;
  /** For people, e.g. `Genesys Cloud`. */
  abstract readonly platform: string;
  /** What it runs when somebody calls. */
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

  /** How calls that arrive there get to an agent. @param _ways what is tried where there are several */
  entrance(_ways: readonly Way[]): { script: Script; ways: readonly Way[]; room?: WaitingRoom } {
    return { script: this.script, ways: ['transfer-to-acd'] };
  }

  /** An agent as Muster calls them. */
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

  /** Its part of an instance's configuration. @param url where that instance reaches the platform */
  abstract settings(url: string): object;
  abstract send(sent: Sent): SentAnswer;
  /** What is so of an agent. @throws Error for nobody's id */
  abstract truth(userId: string): Truth;
  protected abstract simulate(): Promise<Simulator>;
  /** @throws Error if the simulator refuses */
  protected abstract read(simulator: Simulator, http: Http): Promise<Organisation>;

  get #running() {
    if (!this.#started) throw new Error(`the connection ${this.name} has not started`);
    return this.#started;
  }
}

/** The connection of an agent. @throws Error for an agent of none of these */
export function connectionOf(agentId: string, connections: readonly LocalConnection[]): LocalConnection {
  const connection = connections.find(({ name }) => agentId.startsWith(`${name}:`));
  if (!connection) throw new Error(`the agent ${agentId} belongs to no connection`);
  return connection;
}

/** Sends an interaction to an agent on the platform they belong to. @throws Error for an agent of none of these */
export function sendTo(
  agentId: string,
  sent: Omit<Sent, 'userId'>,
  connections: readonly LocalConnection[],
): SentAnswer {
  const connection = connectionOf(agentId, connections);
  return connection.send({ ...sent, userId: agentId.slice(connection.name.length + 1) });
}
