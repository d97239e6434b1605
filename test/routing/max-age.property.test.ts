import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { partitionOf } from '../../src/bus/envelope.ts';
import { find } from '../../src/routing/lookup/find.ts';
import { Refusal } from '../../src/routing/refusal.ts';
import { memoryRegions } from './memory-regions.ts';
import { askFor, bringOnDuty, claimFor } from './said.ts';

const PARTITIONS = 3;
/** The defaults of `freshness`. */
const [STALE_MS, CONFIRMED_MS] = [30_000, 5000];
const AGENTS = ['away:1', 'far:1', 'desk:1', 'far:2', 'strict:1', 'far:3', 'strict:2', 'away:2', 'desk:2'] as const;
type AgentId = (typeof AGENTS)[number];

/** What becomes of a question to the platform about an agent, if its platform answers at all. */
type Says = 'confirms' | 'nothing' | 'gone';

interface Scene {
  /** How old the data of `us` are, by partition of the domain `main`, in ms. */
  ages: number[];
  /** And in the other domain, which counts for the staleness of the home only. */
  otherAge: number;
  onDuty: AgentId[];
  /** How long ago the platform confirmed an agent before the request, in ms. */
  confirmed: Partial<Record<AgentId, number>>;
  says: Partial<Record<AgentId, Says>>;
  platform: 'answers' | 'fails' | 'is late';
  home: 'answers' | 'away';
  maxAgeMs: number | undefined;
}

const ageMs = fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.constantFrom(0, 9999, 29_999, STALE_MS, 30_001, 40_000));
const each = <T>(value: fc.Arbitrary<T>) => fc.dictionary(fc.constantFrom(...AGENTS), value);
const scenes: fc.Arbitrary<Scene> = fc.record({
  ages: fc.oneof(
    fc.array(ageMs, { minLength: PARTITIONS, maxLength: PARTITIONS }),
    ageMs.map((age) => Array.from({ length: PARTITIONS }, () => age)),
  ),
  otherAge: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: ageMs }),
  onDuty: fc.oneof(
    fc.subarray([...AGENTS], { minLength: 1 }),
    fc.subarray(
      AGENTS.filter((id) => !id.startsWith('desk:')),
      { minLength: 1 },
    ),
  ),
  confirmed: each(fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.constantFrom(0, 4999, CONFIRMED_MS, 5001))),
  says: each(fc.constantFrom<Says>('confirms', 'confirms', 'nothing', 'gone')),
  platform: fc.constantFrom('answers', 'answers', 'fails', 'is late'),
  home: fc.constantFrom('answers', 'away'),
  maxAgeMs: fc.oneof(fc.constantFrom(undefined, 0, 5000, STALE_MS, 100_000), fc.integer({ min: 0, max: 1500 }), ageMs),
});

/** The scene in real regions. All ages are exact: time passes only where a test says so. */
async function stageOf(scene: Scene) {
  const regions = await memoryRegions({ partitions: PARTITIONS });
  const { eu, us, clock } = regions;
  await bringOnDuty([eu, us], ...scene.onDuty);
  const words = [...scene.ages.map((age, partition) => ({ age, domain: 'main', partition }))];
  for (let partition = 0; partition < PARTITIONS; partition++)
    words.push({ age: scene.otherAge, domain: 'sales', partition });
  const confirmed = Object.entries(scene.confirmed);
  const oldest = Math.max(...words.map(({ age }) => age), ...confirmed.map(([, ago]) => ago ?? 0));
  const startMs = clock.monotonicMs();
  let beat = 1_000_000;
  for (const { age, domain, partition } of words.toSorted((a, b) => b.age - a.age)) {
    clock.pass(startMs + oldest - age - clock.monotonicMs());
    eu.region.freshness.ask('us')(++beat);
    // Writers of their own, so that none of them tells anything about another one's clock.
    const stamp = {
      beat: ++beat,
      writer: `${domain}/${partition}`,
      steadyMs: 0,
      leaving: false,
      exchange: OLDEST_EXCHANGE,
    };
    await eu.region.freshness.advance({ ...stamp, region: 'us', domain, timestampMs: 0 }, partition);
  }
  clock.pass(startMs + oldest - clock.monotonicMs());
  for (const [agentId, ago] of confirmed.toSorted(([, a = 0], [, b = 0]) => b - a))
    eu.region.freshness.confirmed(agentId, clock.monotonicMs() - (ago ?? 0));
  for (const [agentId, says] of Object.entries(scene.says)) {
    const at = clock.nowMs();
    const facets =
      says === 'gone'
        ? { presence: { state: 'OFF_DUTY' as const, at, id: 'gone' } }
        : { activity: { state: 'IDLE' as const, at, id: 'seen' } };
    if (says !== 'nothing') eu.platform.reports.set(agentId, { agentId, eventId: 'e', timestampMs: at, facets });
  }
  if (scene.platform === 'fails') eu.platform.isAway = true;
  if (scene.platform === 'is late') eu.platform.read = () => new Promise(() => undefined);
  eu.peers.way = scene.home;
  return regions;
}

/** The rules as docs/api.md has them, from the scene alone. */
class Oracle {
  readonly #scene: Scene;
  readonly limitMs: number;
  constructor(scene: Scene) {
    this.#scene = scene;
    this.limitMs = scene.maxAgeMs ?? Number.POSITIVE_INFINITY;
  }

  isHere = (agent: AgentId): boolean => agent.startsWith('desk:');
  hasPlatform = (agent: AgentId): boolean => agent.startsWith('far:') || agent.startsWith('strict:');
  partAge = (agent: AgentId): number => this.#scene.ages[partitionOf(agent, PARTITIONS)] ?? Number.NaN;
  get oldestDataMs(): number {
    return Math.max(...this.#scene.ages);
  }
  get isHomeStale(): boolean {
    return Math.max(this.oldestDataMs, this.#scene.otherAge) > STALE_MS;
  }

  confirmedAgo(agent: AgentId): number {
    const ago = this.#scene.confirmed[agent] ?? Number.POSITIVE_INFINITY;
    return ago <= CONFIRMED_MS ? ago : Number.POSITIVE_INFINITY;
  }
  wordAge = (agent: AgentId): number =>
    this.isHere(agent) ? 0 : Math.min(this.partAge(agent), this.confirmedAgo(agent));

  /** What the platform says of an agent, if it is asked. */
  says = (agent: AgentId): Says =>
    this.hasPlatform(agent) && this.#scene.platform === 'answers' ? (this.#scene.says[agent] ?? 'nothing') : 'nothing';

  /** Whether a lookup may take the agent without asking. */
  isYoung(agent: AgentId): boolean {
    const agoMs = this.confirmedAgo(agent);
    if (this.isHere(agent) || (agoMs <= CONFIRMED_MS && agoMs <= this.limitMs)) return true;
    return !this.isHomeStale && this.partAge(agent) <= this.limitMs;
  }
  /** Whether a lookup that lacks agents asks about this one. */
  isAsked(agent: AgentId): boolean {
    const isStale = this.partAge(agent) > STALE_MS && this.confirmedAgo(agent) === Number.POSITIVE_INFINITY;
    return !this.isHere(agent) && (this.wordAge(agent) > this.limitMs || isStale);
  }
  isFound = (agent: AgentId): boolean =>
    this.isYoung(agent) || (this.isAsked(agent) && this.says(agent) === 'confirms');
  /** Whether the agent is free at the end of the lookup. */
  isFree = (agent: AgentId): boolean => !(this.isAsked(agent) && this.says(agent) === 'gone');
  /** After the lookup. */
  ageFound = (agent: AgentId): number => (this.isYoung(agent) && !this.isAsked(agent) ? this.wordAge(agent) : 0);

  /** Whether a claim may rest on this agent, without asking the platform or after. */
  mayBeClaimed(agent: AgentId): boolean {
    if (this.isHere(agent)) return true;
    const isConfirmed = this.confirmedAgo(agent) < Number.POSITIVE_INFINITY;
    const willBe = this.says(agent) === 'confirms';
    if (this.#scene.home === 'answers') return !this.isHomeStale || isConfirmed || willBe;
    if (!agent.startsWith('far:')) return false;
    return willBe || (isConfirmed && this.wordAge(agent) <= this.limitMs);
  }
}

describe('the limit of a caller', () => {
  it('decides whom a lookup finds, whom it asks about and what it says, as the rules do', async () => {
    let withAsked = 0;
    await fc.assert(
      fc.asyncProperty(scenes, async (scene) => {
        const { eu } = await stageOf(scene);
        const oracle = new Oracle(scene);
        const wish = { ...askFor('call'), queue: 'global', limit: 50, budgetMs: 1, explain: true };
        const answer = await find(eu.region, { ...wish, maxAgeMs: scene.maxAgeMs });
        const ids = answer.agents.map(({ agent_id }) => agent_id as AgentId);
        expect([...ids].sort()).toEqual(scene.onDuty.filter(oracle.isFound).sort());
        const oldest = Math.max(...ids.map(oracle.ageFound));
        expect(answer.age_ms).toBe(ids.length > 0 ? oldest : oracle.oldestDataMs);
        if (ids.length > 0) expect(answer.age_ms).toBeLessThanOrEqual(oracle.limitMs);
        const left = scene.onDuty.filter((agent) => oracle.isFree(agent) && !oracle.isFound(agent));
        expect(answer.passed_over.stale ?? 0).toBe(left.length);
        for (const each of answer.explanation ?? []) {
          const agent = each.agent_id as AgentId;
          if (!oracle.isAsked(agent)) expect(each.age_ms).toBe(oracle.wordAge(agent));
        }
        if (eu.platform.asked.length > 0) withAsked++;
      }),
      { numRuns: 100 },
    );
    expect(withAsked).toBeGreaterThan(8);
  });

  it('decides on whom a claim may rest, and what it says', async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(scenes, async (scene) => {
        const { eu } = await stageOf(scene);
        const oracle = new Oracle(scene);
        const wish = { queue: 'global', budgetMs: 15, maxAgeMs: scene.maxAgeMs };
        const able = scene.onDuty.filter((agent) => oracle.mayBeClaimed(agent));
        const outcome = await claimFor(eu, 'call', wish).catch((error: unknown) => error);
        if (outcome instanceof Refusal) {
          expect([outcome.code, able]).toEqual(['no_agent_available', []]);
          expect(outcome.ageMs).toBe(oracle.oldestDataMs);
          const passed = outcome.passedOver ?? { seen: 0 };
          const isOld = oracle.isHomeStale || (scene.home === 'away' && oracle.oldestDataMs > oracle.limitMs);
          const gone = scene.onDuty.filter(
            (agent) => eu.platform.asked.includes(agent) && oracle.says(agent) === 'gone',
          );
          expect(passed[isOld ? 'stale' : 'unreachable']).toBe(scene.onDuty.length - gone.length || undefined);
          outcomes.set(`none, ${isOld ? 'stale' : 'unreachable'}`, 1);
          return;
        }
        const { claim } = outcome as Awaited<ReturnType<typeof claimFor>>;
        const agent = claim.agent_id as AgentId;
        expect(able).toContain(agent);
        const how = claim.authority.mode === 'verified' ? 'verified' : oracle.isHere(agent) ? 'here' : 'home';
        outcomes.set(how, 1);
        if (how !== 'verified') expect(claim.age_ms).toBe(0);
        else expect(claim.age_ms).toBeLessThanOrEqual(oracle.limitMs);
        if (how === 'verified' && !eu.platform.asked.includes(agent)) expect(claim.age_ms).toBe(oracle.wordAge(agent));
        // Where there is someone else, nobody is waited for.
        if (scene.onDuty.some(oracle.isHere)) expect(eu.platform.asked).toEqual([]);
      }),
      { numRuns: 150 },
    );
    expect([...outcomes.keys()].sort()).toEqual(['here', 'home', 'none, stale', 'none, unreachable', 'verified']);
  });

  it('never changes what is answered to callers without one', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, async (scene) => {
        const wish = { ...askFor('call'), queue: 'global', limit: 50, budgetMs: 1 };
        const [plain, wide] = await Promise.all([stageOf(scene), stageOf(scene)]);
        const without = await find(plain.eu.region, wish);
        const withWide = await find(wide.eu.region, { ...wish, maxAgeMs: 2_147_483_647 });
        expect(withWide).toEqual(without);
        expect(wide.eu.platform.asked).toEqual(plain.eu.platform.asked);
      }),
      { numRuns: 30 },
    );
  });
});
