import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Claim, claimsOf } from '../../src/agent/facets.ts';
import { digitalUnits, lockOf, VOICE } from '../../src/agent/status.ts';
import { systemClock } from '../../src/ops/clock.ts';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import { MemoryRegion } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Considered } from '../../src/store/queues.ts';
import type { Change } from '../../src/store/store.ts';
import { Pool, poolConfig } from '../fixtures/pool.ts';
import { type Store, startStore } from '../fixtures/store.ts';
import { type Act, Actor, act } from './acts.ts';

/** Times that a store's own clock gave. */
const BY_THE_CLOCK_MS = 1_000_000_000_000;
const A_MOMENT_MS = 60_000;

let redis: Store;
beforeAll(async () => {
  redis = await startStore({ replicas: false });
});
afterAll(() => redis.stop());

/** What a store answers, without what only one run can know: fences by their order, times of the clock by what is left. */
class Comparable {
  readonly #actor: Actor;
  /** By agent: the fences that the store's clock gave, in order. */
  readonly #fences = new Map<string, number[]>();

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  of(value: unknown): unknown {
    const { agentId } = (value ?? {}) as { agentId?: string };
    return this.#plain(value, agentId ?? '');
  }

  /** Everything that the store holds. */
  async everything(): Promise<unknown> {
    const { d, agentIds, callIds } = this.#actor;
    const records = await d.agents.getAll(d.name, agentIds);
    const found = [...records].map(([agentId, record]) => [agentId, this.record(agentId, record)]);
    const entries = await Promise.all(callIds.map((callId) => d.store.calls.entryOf(d.name, callId)));
    const changes = (await d.store.changes.after(d.name, '0-0', 1000)) as Change[];
    const lapsed = await d.store.calls.lapsed(d.name, 100);
    const listed = await d.agents.after(d.name, '', 100);
    return {
      records: found,
      calls: entries.map((entry) => entry && { ...entry, fence: this.#fence(entry.agentId, entry.fence) }),
      changes: changes.map(({ agentId, claim }) => [agentId, claim && this.#claim(agentId, claim)]),
      lapsed: lapsed.map(({ agentId, unit }) => `${agentId} ${unit}`).sort(),
      listed: listed.map(([agentId]) => agentId),
      repaired: (await d.store.align(d.name, async () => undefined)).repaired,
    };
  }

  record(agentId: string, record: AgentRecord): unknown {
    const { facets, home, holdMs, arrivalMs } = record;
    const { claim: _, digitalClaims: __, ...words } = facets;
    const units = [VOICE, ...digitalUnits(facets).map(({ name }) => name)];
    const locks = units.map((unit) => [unit, this.#left(lockOf(record, unit))]).filter(([, left]) => left !== 'none');
    const claims = Object.fromEntries(
      claimsOf(facets).map((claim) => [claim.unit ?? VOICE, this.#claim(agentId, claim)]),
    );
    return {
      home,
      hold: this.#left(holdMs),
      arrival: this.#time(arrivalMs),
      words,
      locks: Object.fromEntries(locks),
      claims,
    };
  }

  #claim(agentId: string, { fence, untilMs, completedAtMs, ...claim }: Claim): unknown {
    const until = this.#left(untilMs);
    return { ...claim, fence: this.#fence(agentId, fence), until, completed: this.#time(completedAtMs) };
  }

  #plain(value: unknown, agentId: string): unknown {
    if (Array.isArray(value)) return value.map((each) => this.of(each));
    if (typeof value !== 'object' || value === null) return value;
    if ('facets' in value) {
      const record = value as AgentRecord;
      return this.record(agentId || this.#ownerOf(record), record);
    }
    const { clockMs: _, versionBefore, fence, tally, lapsed, considered, ...rest } = value as Record<string, unknown>;
    const fields = Object.entries(rest).map(([name, each]) => [name, this.#plain(each, agentId)]);
    return {
      ...Object.fromEntries(fields),
      ...(versionBefore !== undefined && { isWrittenOver: versionBefore !== '0' }),
      ...(fence !== undefined && { fence: this.#fence(agentId, Number(fence)) }),
      ...(considered !== undefined && { considered: this.of((considered as Considered[]).filter(isOpen).sort(byId)) }),
      ...(tally !== undefined && { tally: told(tally as Record<string, number>) }),
      ...(lapsed !== undefined && { lapsed: this.#claim(agentId, lapsed as Claim) }),
    };
  }

  /** A settlement's answer does not name its agent, but a profile does. */
  #ownerOf({ facets }: AgentRecord): string {
    return facets.profile?.name ?? '';
  }

  #fence(agentId: string, fence: number): string | number {
    if (fence < BY_THE_CLOCK_MS) return fence;
    const name = agentId.split(':').at(-1) ?? '';
    const known = this.#fences.get(name) ?? [];
    if (!known.includes(fence)) known.push(fence);
    this.#fences.set(name, known);
    return `fence ${known.indexOf(fence)}`;
  }

  #left(ms: number): string {
    if (ms === 0) return 'none';
    // Locks are for an hour, or over in a moment.
    return ms > this.#actor.d.store.nowMs() + A_MOMENT_MS ? 'held' : 'over';
  }

  #time(ms: number): number | string {
    return ms < BY_THE_CLOCK_MS ? ms : 'by the clock';
  }
}

/** Each store has its own way through a queue. */
const byId = (one: Considered, other: Considered): number => (one.agentId < other.agentId ? -1 : 1);
/** Who is taken may stand where no walk comes. */
const isOpen = ({ obstacle }: Considered): boolean => obstacle !== 'claimed' && obstacle !== 'held';

/** An agent who is held may be met in line or at its end: both are taken. */
function told({ seen: _, held = 0, claimed = 0, ...others }: Record<string, number>): Record<string, number> {
  return { ...others, taken: held + claimed };
}

/** One call with claims on two units under one fence, as regions that could not hear each other may have granted. */
const TWO_UNITS: Act[] = [
  ...['email-1', 'chat-1'].map(
    (unit): Act => ({ kind: 'heard', agent: 'b', unit, call: 'call: 3', state: 'HELD', by: undefined, isLong: true }),
  ),
  {
    kind: 'profile',
    agent: 'b',
    capacity: { media: { chat: { units: 2, beside: [] } } },
    skills: {},
    isElsewhere: false,
  },
  {
    kind: 'claim',
    call: 'call: 3',
    media: 'chat',
    skills: {},
    isElsewhere: false,
    isLong: true,
    wish: 'one',
    passOver: undefined,
    vouched: [],
    instead: false,
    excluded: [],
    only: undefined,
  },
];

it('the same acts have the same answers in Redis and in memory, and leave the same state', async () => {
  const region = new MemoryRegion({ clock: systemClock });
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
      const name = `model${number++}`;
      const ranking = { tenureSecondsPerYear: 0.05, surplusSeconds: 0.01 };
      const config = poolConfig(name, { ranking, replicas: 0 });
      const actors = [redis.open(config), new MemoryStore(region, config)].map(
        (store) => new Actor(new Pool(name, config, store)),
      );
      const comparables = actors.map((actor) => new Comparable(actor));
      for (const actor of actors) await actor.begin();
      for (const what of acts) {
        const answers = [];
        for (const [i, actor] of actors.entries()) answers.push(comparables[i]?.of(await actor.perform(what)));
        // Short locks are over, and no two acts are of one moment.
        await delay(3);
        expect({ what, answer: answers[1] }).toEqual({ what, answer: answers[0] });
      }
      const [inRedis, inMemory] = await Promise.all(comparables.map((each) => each.everything()));
      expect(inMemory).toEqual(inRedis);
    }),
    { numRuns: 120, examples: [[TWO_UNITS]] },
  );
});
