import { Random } from '@muster/simulators/kit/random';
import { expect, it } from 'vitest';
import type { Capacity, Media } from '../../../src/agent/facets.ts';
import { claimsOf } from '../../../src/agent/facets.ts';
import { VOICE } from '../../../src/agent/status.ts';
import type { ClaimReply } from '../../../src/store/queues.ts';
import { Pool } from '../../fixtures/pool.ts';
import type { Stores } from './harness.ts';

const AGENTS = 4;
const CALLERS = 6;
const CALLS_EACH = 4;
const LONG_MS = 3_600_000;
const released = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;
const confirm = { state: 'CONFIRMED', lockMs: LONG_MS } as const;
const TWO_CHATS: Capacity = { media: { voice: { units: 1, beside: [] }, chat: { units: 2, beside: [] } } };

/** What callers were told, and what must hold of it whoever came first. */
class Ledger {
  /** By agent and unit: the call that has it, as its caller knows. */
  readonly held = new Map<string, string>();
  /** By agent: the fences that were granted. */
  readonly fences = new Map<string, Set<number>>();
  /** By agent and unit: the last fence. */
  readonly last = new Map<string, number>();
  granted = 0;

  take(call: string, { agentId, fence }: ClaimReply, unit: string): void {
    const key = `${agentId} ${unit}`;
    if (this.held.has(key)) throw new Error(`${key} was given to ${this.held.get(key)} and to ${call}`);
    const known = this.fences.get(agentId) ?? new Set();
    if (known.has(fence)) throw new Error(`${agentId} was granted twice under fence ${fence}`);
    if (fence <= (this.last.get(key) ?? 0)) throw new Error(`the fences of ${key} do not grow`);
    this.held.set(key, call);
    this.fences.set(agentId, known.add(fence));
    this.last.set(key, fence);
    this.granted++;
  }
}

/** One caller after another's call: claims, sometimes twice at once, confirms, releases; others change agents meanwhile. */
class Race {
  readonly ledger = new Ledger();
  readonly #pool: Pool;
  readonly #instances: Pool[];
  readonly #random: Random;
  #at = 10_000;

  constructor(pool: Pool, instances: Pool[], seed: number) {
    this.#pool = pool;
    this.#instances = instances;
    this.#random = new Random(seed);
  }

  async run(): Promise<void> {
    for (let i = 0; i < AGENTS; i++) {
      const agentId = await this.#pool.free(`n${i}`, 1000 + i);
      if (i % 2 === 0) await this.#offer(agentId);
    }
    const callers = Array.from({ length: CALLERS }, (_, n) => this.#call(n));
    await Promise.all([...callers, this.#disturb()]);
  }

  #offer(agentId: string): Promise<unknown> {
    const version = { at: this.#at++, id: 'capacity' };
    const profile = { name: 'a', queues: [this.#pool.queue], skills: {}, tenureDays: 0, capacity: TWO_CHATS };
    return this.#pool.set(agentId, { profile: { ...profile, ...version } });
  }

  async #call(n: number): Promise<void> {
    for (let i = 0; i < CALLS_EACH; i++) {
      const call = `call-${n}-${i}`;
      const d = this.#random.pick(this.#instances);
      const media = this.#random.pick<Media>(['voice', 'voice', 'chat']);
      const claim = () => d.claim(call, { media, heldMs: LONG_MS });
      const answers = await Promise.all(this.#random.chance(0.3) ? [claim(), claim()] : [claim()]);
      const grants = answers.filter(({ verdict }) => verdict === 'granted');
      const [grant] = grants;
      if (grants.length > 1) throw new Error(`${call} was granted twice`);
      for (const each of answers) {
        if (each.verdict === 'again' && each.fence !== grant?.fence) throw new Error(`${call} has two claims`);
      }
      if (grant) await this.#hold(d, call, grant);
    }
  }

  async #hold(d: Pool, call: string, grant: ClaimReply): Promise<void> {
    const { agentId, fence, record } = grant;
    const unit = claimsOf(record?.facets ?? {}).find((each) => each.fence === fence)?.unit ?? VOICE;
    this.ledger.take(call, grant, unit);
    if (this.#random.chance(0.5)) await this.#settle(d, call, agentId, unit, fence, confirm);
    const key = `${agentId} ${unit}`;
    // From here on another may have it before this one hears that it is free.
    this.ledger.held.delete(key);
    await this.#settle(d, call, agentId, unit, fence, released);
  }

  async #settle(
    d: Pool,
    callId: string,
    agentId: string,
    unit: string,
    fence: number,
    move: typeof confirm | typeof released,
  ) {
    for (;;) {
      const record = await d.agents.recall(agentId);
      if (!record) throw new Error(`${agentId} is gone`);
      const request = { agentId, unit, fence, callId, queue: d.queue, move };
      const { kind } = await d.agents.settle(request, record, 5000);
      if (kind === 'settled') return;
      if (kind === 'fenced') throw new Error(`${callId} lost its claim on ${agentId} to another`);
    }
  }

  async #disturb(): Promise<void> {
    for (let i = 0; i < CALLERS; i++) {
      const d = this.#random.pick(this.#instances);
      const agentId = `${d.name}:n${this.#random.below(AGENTS)}`;
      await d.set(agentId, { presence: { state: 'PAUSED', at: this.#at++, id: 'p' } });
      await d.set(agentId, { presence: { state: 'ON_DUTY', at: this.#at++, id: 'p' } });
    }
  }

  /** Whoever came first: in the end everybody is free again, and stands where they belong. */
  async judge(): Promise<void> {
    expect(this.ledger.granted).toBeGreaterThan(0);
    const d = this.#pool;
    expect(await d.store.align(d.name, async () => undefined)).toMatchObject({ repaired: {} });
    for (let i = 0; i < AGENTS; i++) expect(await d.claim(`last-${i}`)).toMatchObject({ verdict: 'granted' });
    expect(await d.claim('none')).toMatchObject({ verdict: 'none' });
  }
}

/** Many claims, settlements and changes at once, through several instances. */
export function racesContract(stores: Stores): void {
  it('grant no unit twice, under growing fences, in any order', async () => {
    for (const seed of stores.harness.seeds) {
      const pool = stores.pool();
      const instances = [pool, ...[1, 2].map(() => new Pool(pool.name, pool.config, stores.harness.open(pool.config)))];
      const race = new Race(pool, instances, seed);
      stores.harness.seed(seed);
      try {
        await race.run();
        await race.judge();
      } catch (error) {
        throw new Error(`in the race of seed ${seed}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      }
    }
  });

  it('end a lapsed claim once, in any order', async () => {
    for (const seed of stores.harness.seeds.slice(0, 50)) {
      const pool = stores.pool();
      const agentId = await pool.free('a', 1000);
      const { fence } = await pool.claim('c', { heldMs: 1 });
      await stores.harness.pass(10);
      stores.harness.seed(seed);
      const lapse = { state: 'ENDED', lockMs: 0, endReason: 'lapsed', onlyLapsed: true } as const;
      const record = await pool.record(agentId);
      const request = { agentId, unit: VOICE, fence, callId: 'c', queue: pool.queue, move: lapse };
      const instances = [1, 2, 3].map(() => stores.harness.open(pool.config));
      const [next, ...ends] = await Promise.all([
        pool.claim('next'),
        ...instances.map(({ agents }) => agents.settle(request, record, 2000)),
      ]);
      const settled = ends.filter(({ kind }) => kind === 'settled').length;
      expect({ seed, ends: settled + (next.lapsed ? 1 : 0) }).toEqual({ seed, ends: 1 });
      expect(next).toMatchObject({ verdict: 'granted', agentId });
    }
  });
}
