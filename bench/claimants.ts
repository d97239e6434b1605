import { Random } from '@muster/simulators/kit/random';
import type { RequiredSkills } from '../src/agent/facets.ts';
import type { AgentRecord } from '../src/store/agent-record.ts';
import { checkDurability } from '../src/store/written.ts';
import { anySkills, QUEUES, queueId } from './pool.ts';
import { type DomainName, REGION, type World } from './world.ts';

const HELD_MS = 60_000;
const DEADLINE_MS = 5000;
const RELEASED = { state: 'ENDED', lockMs: 0 } as const;

interface Taken {
  agentId: string;
  record: AgentRecord;
  callId: string;
  queue: string;
}

/** Callers who claim agents of a domain's queues at random, and release them on request. */
export class Claimants {
  readonly #world: World;
  readonly #domain: DomainName;
  readonly #withSkills: boolean;
  readonly #random = new Random(2);
  #calls = 0;
  #taken: Taken[] = [];
  /** Claims that found no agent. */
  misses = 0;

  constructor(world: World, domain: DomainName, withSkills: boolean) {
    this.#world = world;
    this.#domain = domain;
    this.#withSkills = withSkills;
  }

  async claim(): Promise<void> {
    const queue = this.#queue();
    const callId = `${this.#domain}-${this.#withSkills ? 'skilled' : 'any'}-${this.#calls++}`;
    const written = await this.#world.queues.claim({
      ...this.#walk(queue),
      region: REGION,
      callId,
      wish: 'any',
      heldMs: HELD_MS,
      holdMs: 200,
      excluded: [],
      instead: [],
      deadlineMs: DEADLINE_MS,
    });
    const { verdict, agentId, record } = checkDurability(written, 'grant').value;
    if (verdict === 'granted' && record) this.#taken.push({ agentId, record, callId, queue });
    else this.misses++;
  }

  async find(): Promise<void> {
    const { agents } = await this.#world.queues.find({ ...this.#walk(this.#queue()), limit: 1 });
    if (agents.length === 0) this.misses++;
  }

  async releaseAll(): Promise<void> {
    const taken = this.#taken;
    this.#taken = [];
    await Promise.all(taken.map((each) => this.#release(each)));
  }

  async #release({ agentId, record, callId, queue }: Taken): Promise<void> {
    const { agents } = this.#world;
    const fence = record.facets.claim?.fence ?? 0;
    const released = { agentId, unit: 'voice', fence, callId, queue, move: RELEASED };
    const { kind } = await agents.settle(released, record, DEADLINE_MS);
    if (kind !== 'settled') throw new Error(`agent ${agentId} was not given back: ${kind}`);
  }

  #queue(): string {
    return queueId(this.#domain, this.#random.below(QUEUES));
  }

  #walk(queue: string) {
    const skills: RequiredSkills = this.#withSkills ? anySkills(this.#random) : {};
    const line = { domain: this.#domain, queue, media: 'voice' } as const;
    return { ...line, skills, passOver: new Map(), vouched: [], explain: false };
  }
}
