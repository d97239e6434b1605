import { beforeEach, describe, expect, it } from 'vitest';
import { forgetAgent } from '../../src/routing/forget.ts';
import { find, getAgent } from '../../src/routing/lookup/find.ts';
import { Follower } from '../../src/routing/lookup/follow.ts';
import { listAgents, readCursor } from '../../src/routing/lookup/list.ts';
import { type MemoryRegions, memoryRegions } from './memory-regions.ts';
import { askFor, bringOnDuty, claimFor, happens, refusalOf } from './said.ts';

let regions: MemoryRegions;
beforeEach(async () => {
  regions = await memoryRegions();
  await bringOnDuty([regions.eu], 'desk:1', 'desk:2', 'away:1');
});

describe('looking agents up', () => {
  it('finds the best in order, and takes nobody', async () => {
    const { eu } = regions;
    const found = await find(eu.region, { ...askFor('call-1'), limit: 2 });
    expect(found.agents.map(({ agent_id }) => agent_id)).toEqual(['desk:1', 'desk:2']);
    expect((await getAgent(eu.region, 'desk:1', 100)).status).toBe('AVAILABLE');
    expect((await refusalOf(getAgent(eu.region, 'desk:9', 100))).code).toBe('unknown_agent');
  });

  it('lists each once, page by page', async () => {
    const { eu } = regions;
    const first = await listAgents(eu.region, { skills: {} }, 2);
    const second = await listAgents(eu.region, { skills: {} }, 2, readCursor(first.next ?? ''));
    const ids = [...first.agents, ...second.agents].map(({ agent_id }) => agent_id);
    expect(ids).toEqual(['away:1', 'desk:1', 'desk:2']);
    expect(second.next).toBeUndefined();
  });

  it('follows the claims that are made', async () => {
    const { eu } = regions;
    const follower = await Follower.open(eu.region, { topics: new Set(['claim']) });
    const stop = new AbortController();
    const news = follower.events(stop.signal);
    expect((await news.next()).value).toMatchObject([{ event: 'keep-alive' }]);
    await claimFor(eu, 'call-1');
    expect((await news.next()).value).toMatchObject([{ event: 'claim', data: { call_id: 'call-1', state: 'HELD' } }]);
    stop.abort();
    await news.return(undefined);
  });
});

describe('forgetting an agent', () => {
  it('is for those at home here whom nobody holds', async () => {
    const { eu } = regions;
    await claimFor(eu, 'call-1');
    expect((await refusalOf(forgetAgent(eu.region, 'desk:1'))).code).toBe('agent_has_claim');
    expect((await refusalOf(forgetAgent(eu.region, 'away:1'))).code).toBe('not_homed_here');
    expect((await refusalOf(forgetAgent(eu.region, 'desk:9'))).code).toBe('unknown_agent');
    await forgetAgent(eu.region, 'desk:2');
    expect((await refusalOf(getAgent(eu.region, 'desk:2', 100))).code).toBe('unknown_agent');
  });

  it('is for nobody of a platform, which alone says whether they are there', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'near:1');
    expect((await refusalOf(forgetAgent(eu.region, 'near:1'))).code).toBe('agent_of_platform');
  });

  it('tells everybody once more of whom was forgotten before, and forgets what was said since', async () => {
    const { eu } = regions;
    const first = await forgetAgent(eu.region, 'desk:2');
    regions.clock.pass(1000);
    expect((await forgetAgent(eu.region, 'desk:2')).event).toMatchObject({ eventId: first.event.eventId });
    const at = regions.clock.nowMs() + 60_000;
    await happens(eu.region, 'desk:2', { presence: { state: 'ON_DUTY', at, id: 'back' } });
    const { event } = await forgetAgent(eu.region, 'desk:2');
    expect(event.facets.forgotten).toMatchObject({ at });
    expect(event.eventId).not.toBe(first.event.eventId);
  });
});
