import type { RequiredSkills } from '../src/agent/facets.ts';
import { GLOBAL_QUEUE } from '../src/config/topology.ts';
import type { Contestant } from './compare.ts';
import { MOST, type Wishes } from './pool.ts';
import type { DomainName, World } from './world.ts';

/** Candidates that are read at once. */
const PAGE = 10;
const HELD_MS = '60000';

interface Agent {
  id: string;
  queues: string[];
  skills: Record<string, number>;
  since: string;
}

/**
 * A claim as it is usually written for Redis: read the first agents of the queue, check their status and skills, lock one
 * with SET NX, take it out of its queues. It has no fence, no retries, no replica and no other region. All its keys are on
 * the domain's master, so the commands of a step go out together.
 */
export class Textbook implements Contestant {
  readonly name = 'textbook';
  readonly most = MOST;
  readonly #world: World;
  readonly #domain: DomainName;
  readonly #wishes: Wishes;
  readonly #taken: Agent[] = [];
  /** Claims that found no agent. */
  misses = 0;

  constructor(world: World, domain: DomainName, wishes: Wishes) {
    this.#world = world;
    this.#domain = domain;
    this.#wishes = wishes;
  }

  /** Copies the agents of the domain who are available. */
  async load(): Promise<void> {
    for await (const page of this.#world.agents.scan(this.#domain, { step: 500 })) {
      const available = page.filter(
        ([, { facets }]) => facets.presence?.state === 'ON_DUTY' && facets.activity?.state === 'IDLE',
      );
      const agents = available.map(([id, { facets, arrivalMs }]) => {
        const { queues = [], skills = {} } = facets.profile ?? {};
        return { id, queues: [...queues, GLOBAL_QUEUE], skills, since: String(arrivalMs) };
      });
      await Promise.all(agents.map((agent) => this.#free(agent)));
    }
  }

  async operation(): Promise<void> {
    const { queue, skills } = this.#wishes();
    for (let from = 0; ; from += PAGE) {
      const ids = (await this.#send('ZRANGE', `queue:${queue}`, `${from}`, `${from + PAGE - 1}`)) as string[];
      if (ids.length === 0) break;
      const found = await Promise.all(ids.map((id) => this.#send('HMGET', `agent:${id}`, 'status', 'agent')));
      for (const [status, text] of found as [string | null, string | null][]) {
        const agent: Agent | undefined = status === 'AVAILABLE' && text ? JSON.parse(text) : undefined;
        if (!agent || !qualifies(agent, skills)) continue;
        if ((await this.#send('SET', `lock:${agent.id}`, queue, 'NX', 'PX', HELD_MS)) !== 'OK') continue;
        this.#taken.push(agent);
        await Promise.all([
          this.#send('HSET', `agent:${agent.id}`, 'status', 'BUSY'),
          ...agent.queues.map((each) => this.#send('ZREM', `queue:${each}`, agent.id)),
        ]);
        return;
      }
    }
    this.misses++;
  }

  async cleanUp(): Promise<void> {
    await Promise.all(this.#taken.splice(0).map((agent) => this.#free(agent)));
  }

  async #free(agent: Agent): Promise<void> {
    await Promise.all([
      this.#send('HSET', `agent:${agent.id}`, 'status', 'AVAILABLE', 'agent', JSON.stringify(agent)),
      ...agent.queues.map((queue) => this.#send('ZADD', `queue:${queue}`, agent.since, agent.id)),
      this.#send('DEL', `lock:${agent.id}`),
    ]);
  }

  #send(command: string, key: string, ...rest: string[]): Promise<unknown> {
    const own = `textbook:{${this.#domain}}:${key}`;
    return this.#world.floor.send(own, [command, own, ...rest]);
  }
}

const qualifies = ({ skills }: Agent, required: RequiredSkills): boolean =>
  Object.entries(required).every(([skill, level]) => (skills[skill] ?? -1) >= level);
