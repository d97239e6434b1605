import type { AgentRecord } from '../src/store/agent-record.ts';
import { checkDurability } from '../src/store/written.ts';
import type { Wish, Wishes } from './pool.ts';
import { whenUp } from './when-up.ts';
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

/** All calls of this process have ids of their own. */
let calls = 0;

/** Callers who claim agents of a domain, called as the code that serves requests does, and release them on request. */
export class Claimants {
  readonly #world: World;
  readonly #domain: DomainName;
  readonly #wishes: Wishes;
  #taken: Taken[] = [];
  /** Claims and lookups that found no agent. */
  misses = 0;

  constructor(world: World, domain: DomainName, wishes: Wishes) {
    this.#world = world;
    this.#domain = domain;
    this.#wishes = wishes;
  }

  /** @returns the agent who was claimed; undefined if there was none */
  async claim(): Promise<string | undefined> {
    const wish = this.#wishes();
    const callId = `call-${calls++}`;
    const written = await this.#world.queues.claim({
      ...this.#walk(wish),
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
    if (verdict !== 'granted' || !record) {
      this.misses++;
      return undefined;
    }
    this.#taken.push({ agentId, record, callId, queue: wish.queue });
    return agentId;
  }

  async find(): Promise<void> {
    const { agents } = await this.#world.queues.find({ ...this.#walk(this.#wishes()), limit: 1 });
    if (agents.length === 0) this.misses++;
  }

  async releaseAll(): Promise<void> {
    const taken = this.#taken;
    this.#taken = [];
    await Promise.all(taken.map((each) => whenUp(() => this.#release(each))));
  }

  /** Resolves when the store grants claims. */
  async untilServed(): Promise<void> {
    await whenUp(() => this.claim());
    await this.releaseAll();
  }

  async #release({ agentId, record, callId, queue }: Taken): Promise<void> {
    const { agents } = this.#world;
    const fence = record.facets.claim?.fence ?? 0;
    const released = { agentId, unit: 'voice', fence, callId, queue, move: RELEASED };
    const settled = await agents.settle(released, record, DEADLINE_MS);
    if (settled.kind === 'settled') return;
    // An earlier attempt may have been carried out, and its answer lost.
    const claim = settled.record?.facets.claim;
    if (claim?.fence !== fence || claim.state !== 'ENDED')
      throw new Error(`agent ${agentId} was not given back: ${settled.kind}`);
  }

  #walk({ queue, skills }: Wish) {
    const line = { domain: this.#domain, queue, media: 'voice' } as const;
    return { ...line, skills, passOver: new Map(), vouched: [], explain: false };
  }
}
