import type { Send, SendAnswer } from './genesys/ground-truth.ts';
import type { Habits } from './genesys/options.ts';
import { type GenesysSimulator, startGenesysSimulator } from './genesys/simulator.ts';
import type { Http } from './http.ts';
import { type Organisation, readOrganisation } from './organisation.ts';
import { NOBODY, type Witness } from './simulator/witness.ts';

/** The world's own mirrors read at full speed: what a rate limit does is for the simulator's own tests. */
const REQUESTS_PER_MINUTE = 100_000;

export interface ConnectionOptions {
  /** E.g. `genesys-eu`. */
  name: string;
  /** The region that ingests it. */
  home: string;
  agents: number;
  seed: number;
  habits: Partial<Habits>;
  /** Sees what happens on the platform. */
  witness?: Witness | undefined;
}

/** A simulated Genesys Cloud organisation and what the regions call it. */
export class LocalConnection {
  readonly name: string;
  readonly home: string;
  readonly agents: number;
  readonly #options: ConnectionOptions;
  #started: { simulator: GenesysSimulator; organisation: Organisation } | undefined;

  constructor(options: ConnectionOptions) {
    this.name = options.name;
    this.home = options.home;
    this.agents = options.agents;
    this.#options = options;
  }

  get simulator(): GenesysSimulator {
    return this.#running.simulator;
  }

  get organisation(): Organisation {
    return this.#running.organisation;
  }

  agentId(userId: string): string {
    return `${this.name}:${userId}`;
  }

  async start(http: Http): Promise<void> {
    const { agents, seed, habits, witness = NOBODY } = this.#options;
    const requestsPerMinute = REQUESTS_PER_MINUTE;
    const simulator = await startGenesysSimulator({ agents, seed, habits, requestsPerMinute, witness });
    try {
      this.#started = { simulator, organisation: await readOrganisation(simulator, http) };
    } catch (error) {
      await simulator.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#started?.simulator.stop();
    this.#started = undefined;
  }

  get #running() {
    if (!this.#started) throw new Error(`the connection ${this.name} has not started`);
    return this.#started;
  }
}

/** Sends an interaction to an agent on the platform they belong to. @throws Error for an agent of none of these */
export function sendTo(
  agentId: string,
  send: Omit<Send, 'userId'>,
  connections: readonly LocalConnection[],
): SendAnswer {
  const connection = connections.find(({ name }) => agentId.startsWith(`${name}:`));
  if (!connection) throw new Error(`the agent ${agentId} belongs to no connection`);
  return connection.simulator.send({ ...send, userId: agentId.slice(connection.name.length + 1) });
}
