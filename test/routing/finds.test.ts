import { beforeEach, describe, expect, it } from 'vitest';
import { find, getAgent } from '../../src/routing/lookup/find.ts';
import { InvalidCursor, listAgents, readCursor } from '../../src/routing/lookup/list.ts';
import { type MemoryRegions, memoryRegions, type TestRegion } from './memory-regions.ts';
import { askFor, bringOnDuty, claimFor, happens, idle, refusalOf } from './said.ts';

let regions: MemoryRegions;
let eu: TestRegion;
beforeEach(async () => {
  regions = await memoryRegions();
  ({ eu } = regions);
});

const found = async (limit = 10, more: object = {}) =>
  find(eu.region, { ...askFor('call-1'), budgetMs: 100, limit, ...more });
const idsOf = ({ agents }: { agents: { agent_id: string }[] }): string[] => agents.map(({ agent_id }) => agent_id);

/** Has the platform say that it has agents whom it knows as idle. */
function platformKnows(...agentIds: string[]): void {
  for (const agentId of agentIds) {
    const at = regions.clock.nowMs();
    const facets = { activity: { state: 'IDLE' as const, at, id: 'seen' } };
    eu.platform.reports.set(agentId, { agentId, eventId: 'seen', timestampMs: at, facets });
  }
}

/** After so long without a word of a home its agents are suspect, or stale, in ms. */
const suspectMs = 11_000;
const staleMs = 31_000;

describe('looking for agents of a home that has gone quiet', () => {
  it('puts them behind all others, and does without them where there are enough', async () => {
    await bringOnDuty([eu], 'away:1', 'desk:1', 'desk:2');
    regions.clock.pass(suspectMs);
    expect(idsOf(await found())).toEqual(['desk:1', 'desk:2', 'away:1']);
    expect(idsOf(await found(2))).toEqual(['desk:1', 'desk:2']);
    await bringOnDuty([eu], 'away:2', 'away:3');
    expect(idsOf(await found(3))).toEqual(['desk:1', 'desk:2', 'away:1']);
    await regions.freshen();
    expect(idsOf(await found(2))).toEqual(['away:1', 'away:2']);
  });

  it('passes them over once it has been quiet for too long', async () => {
    await bringOnDuty([eu], 'away:1', 'desk:1');
    regions.clock.pass(staleMs);
    const { agents, passed_over } = await found();
    expect(idsOf({ agents })).toEqual(['desk:1']);
    expect(passed_over).toMatchObject({ stale: 1 });
    expect(eu.platform.asked).toEqual([]);
  });

  it('takes those of whom the platform says then that they are there, and asks of nobody else', async () => {
    await bringOnDuty([eu], 'far:1', 'desk:1', 'far:2', 'near:1');
    regions.clock.pass(staleMs);
    platformKnows('far:1');
    expect(idsOf(await found())).toEqual(['desk:1', 'near:1', 'far:1']);
    expect(eu.platform.asked.sort()).toEqual(['far:1', 'far:2']);
  });

  it('does not ask the platform where there are enough without', async () => {
    await bringOnDuty([eu], 'far:1', 'desk:1');
    regions.clock.pass(staleMs);
    await found(1);
    expect(eu.platform.asked).toEqual([]);
  });

  it('names nobody of whom the platform says nothing', async () => {
    await bringOnDuty([eu], 'far:1');
    regions.clock.pass(staleMs);
    expect(await found()).toMatchObject({ agents: [], passed_over: { stale: 1 } });
  });

  it('explains whom it considered if asked to', async () => {
    await bringOnDuty([eu], 'desk:1');
    const wish = { skills: { spanish: 5 } };
    expect((await found(1, { ...wish, explain: true })).explanation).toMatchObject([{ obstacle: 'skill' }]);
    expect(await found(1, wish)).not.toHaveProperty('explanation');
    expect(await refusalOf(found(1, { queue: 'nowhere' }))).toMatchObject({ code: 'unknown_queue' });
  });
});

describe('looking at one agent', () => {
  it('shows what the platform says where their home is quiet, and what is known here where it says nothing', async () => {
    await bringOnDuty([eu], 'far:1', 'far:2', 'near:1');
    regions.clock.pass(staleMs);
    const at = regions.clock.nowMs();
    const facets = { presence: { state: 'OFF_DUTY' as const, at, id: 'gone' } };
    eu.platform.reports.set('far:1', { agentId: 'far:1', eventId: 'gone', timestampMs: at, facets });
    expect(await getAgent(eu.region, 'far:1', 100)).toMatchObject({ status: 'OFFLINE', stale: false });
    expect(await getAgent(eu.region, 'far:2', 100)).toMatchObject({ status: 'AVAILABLE', stale: true });
    await getAgent(eu.region, 'near:1', 100);
    expect(eu.platform.asked).toEqual(['far:1', 'far:2']);
  });

  it('shows what each claim of theirs takes, and for how long', async () => {
    const capacity = { media: { voice: { units: 1, beside: [] }, chat: { units: 2, beside: [] } } };
    const { profile, ...others } = idle('desk:1', 1000);
    const able = { ...others, ...(profile && { profile: { ...profile, capacity } }) };
    (await eu.store.agents.apply('desk:1', able)).evenIfLost();
    expect((await getAgent(eu.region, 'desk:1', 100)).room).toEqual({ voice: 1, chat: 2 });
    const { claim } = await claimFor(eu, 'call-1', { media: 'chat' });
    const agent = await getAgent(eu.region, 'desk:1', 100);
    expect(agent.digital_claimed_for_ms).toEqual({ [claim.unit ?? '']: 10_000 });
    expect(agent).not.toHaveProperty('claimed_for_ms');
    expect(agent).toMatchObject({ room: { voice: 0, chat: 1 }, status: 'BUSY', reason: 'CLAIMED' });
  });
});

describe('listing agents', () => {
  const list = async (filter: object, limit = 100) =>
    idsOf(await listAgents(eu.region, { skills: {}, ...filter }, limit));

  beforeEach(async () => {
    await bringOnDuty([eu], 'desk:1', 'away:1', 'shop:1');
    (await eu.store.agents.apply('desk:2', idle('desk:2', 5, { spanish: 40 }))).evenIfLost();
    await claimFor(eu, 'call-1', { agentId: 'desk:1' });
  });

  it('keeps to what is asked for', async () => {
    expect(await list({})).toEqual(['away:1', 'desk:1', 'desk:2', 'shop:1']);
    expect(await list({ home: 'us' })).toEqual(['away:1']);
    expect(await list({ queue: 'deals' })).toEqual(['shop:1']);
    expect(await list({ queue: 'desk:q' })).toEqual(['desk:1', 'desk:2']);
    expect(await list({ queue: 'global' })).toEqual(['away:1', 'desk:1', 'desk:2', 'shop:1']);
    expect(await list({ skills: { spanish: 40 } })).toEqual(['desk:2']);
    expect(await list({ skills: { spanish: 41 } })).toEqual([]);
    expect(await list({ status: 'BUSY' })).toEqual(['desk:1']);
    expect((await refusalOf(list({ queue: 'nowhere' }))).code).toBe('unknown_queue');
  });

  it('tells the stale from the others', async () => {
    regions.clock.pass(staleMs);
    expect(await list({ stale: true })).toEqual(['away:1']);
    expect(await list({ stale: false, status: 'AVAILABLE' })).toEqual(['desk:1', 'desk:2', 'shop:1']);
  });

  it('leaves out who was forgotten', async () => {
    const at = regions.clock.nowMs();
    await happens(eu.region, 'desk:2', { forgotten: { at, id: 'forgotten' } });
    expect(await list({})).not.toContain('desk:2');
    // The store may still have listed them as they were forgotten.
    const agents = Object.create(eu.region.agents) as typeof eu.region.agents;
    agents.after = async (domain, ...from) => {
      const known = await eu.region.agents.getAll(domain, ['desk:2']);
      return [...(await eu.region.agents.after(domain, ...from)), ...known];
    };
    const { agents: listed } = await listAgents({ ...eu.region, agents }, { skills: {} }, 100);
    expect(idsOf({ agents: listed })).not.toContain('desk:2');
  });

  it('goes on where a page ended, over steps and domains', async () => {
    const ids = Array.from({ length: 1050 }, (_, n) => `desk:n${String(n).padStart(4, '0')}`);
    const { presence } = idle('desk:n', 1000);
    for (const id of ids) (await eu.store.agents.apply(id, { presence } as object)).evenIfLost();
    const first = await listAgents(eu.region, { skills: {}, queue: 'shop:q' }, 5);
    expect(first.next).toBeUndefined();
    // Whoever looks for few among many gets a shorter page.
    const page = await listAgents(eu.region, { skills: { spanish: 40 } }, 5);
    expect(idsOf(page)).toEqual(['desk:2']);
    const { domain, agentId } = readCursor(page.next ?? '');
    expect([domain, agentId]).toEqual(['main', ids[996]]);
    const rest = await listAgents(eu.region, { skills: {} }, 100, { domain, agentId });
    expect(idsOf(rest)).toEqual([...ids.slice(997), 'shop:1']);
    expect(rest.next).toBeUndefined();
  });

  it.each(['', 'x', 'W10', Buffer.from('["main", 5]').toString('base64url'), Buffer.from('{}').toString('base64url')])(
    'refuses %j for the end of a page',
    (text) => expect(() => readCursor(text)).toThrow(InvalidCursor),
  );
});
