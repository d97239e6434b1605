import type { SystemPresence } from '@muster/simulators/genesys/presences';
import { systemClock } from '../../src/ops/clock.ts';
import type { GenesysConnection } from '../../world/platforms/genesys-connection.ts';

const TICK_MS = 20;
/** Faults of notifications during a storm. */
const FAULTS = { duplicateEvents: 0.3, reorderEvents: 0.3, delayEvents: 0.2, delayMs: 500 };
const CALM = { duplicateEvents: 0, reorderEvents: 0, delayEvents: 0 };
/** Presences that are not on queue: no call is sent to these agents. */
const BREAKS: SystemPresence[] = ['Break', 'Meal', 'Meeting', 'Training'];

/** Agents whose presence changes all the time, with faulty notifications of it. */
export class Storm {
  readonly #agents: { connection: GenesysConnection; userId: string }[];
  #changes = 0;

  /** @param each how many agents of each connection go on a break and change all the time */
  constructor(connections: readonly GenesysConnection[], each: number) {
    this.#agents = connections.flatMap((connection) =>
      connection.organisation.userIds.slice(0, each).map((userId) => ({ connection, userId })),
    );
    for (const { connection } of this.#agents) connection.simulator.faults(CALM);
    for (let at = 0; at < this.#agents.length; at++) this.#change();
  }

  get agents(): number {
    return this.#agents.length;
  }

  /** Begins to make changes at a rate per second. @returns ends it, and returns how many changes it made */
  blow(perSecond: number): () => number {
    for (const { connection } of this.#agents) connection.simulator.faults(FAULTS);
    const [startedMs, before] = [systemClock.monotonicMs(), this.#changes];
    const made = () => this.#changes - before;
    const timer = setInterval(() => {
      const due = ((systemClock.monotonicMs() - startedMs) / 1_000) * perSecond;
      while (made() < due) this.#change();
    }, TICK_MS);
    return () => {
      clearInterval(timer);
      for (const { connection } of this.#agents) connection.simulator.faults(CALM);
      return made();
    };
  }

  /** The next agent goes from one break to another. */
  #change(): void {
    const agent = this.#agents[this.#changes % this.#agents.length];
    const presence = BREAKS[Math.floor(this.#changes / this.#agents.length) % BREAKS.length];
    this.#changes++;
    if (agent && presence) agent.connection.simulator.setUser(agent.userId, { presence });
  }
}
