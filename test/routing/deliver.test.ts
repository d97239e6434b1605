import { beforeEach, describe, expect, it } from 'vitest';
import { claimAndDeliver } from '../../src/routing/claims/deliver.ts';
import { type MemoryRegions, memoryRegions } from './memory-regions.ts';
import { askFor, bringOnDuty, refusalOf } from './said.ts';

let regions: MemoryRegions;
beforeEach(async () => {
  regions = await memoryRegions();
  await bringOnDuty([regions.eu], 'near:1', 'near:2', 'near:3', 'near:4');
});

describe('a claim that Muster delivers', () => {
  it('is assigned by the platform, and told again for a call that still waits', async () => {
    const { eu } = regions;
    expect(await claimAndDeliver(eu.region, askFor('call-1'))).toMatchObject({ delivered: 'accepted', again: false });
    expect(await claimAndDeliver(eu.region, askFor('call-1'))).toMatchObject({ delivered: 'accepted', again: true });
    expect(eu.platform.assigned).toEqual(['near:1', 'near:1']);
  });

  it('is tried with three agents at most', async () => {
    const { eu } = regions;
    eu.platform.answers = [{ answer: 'refused', reason: 'not now' }];
    const refusal = await refusalOf(claimAndDeliver(eu.region, askFor('call-1')));
    expect(refusal).toMatchObject({ code: 'not_assigned', message: 'not now' });
    expect(eu.platform.assigned).toEqual(['near:1', 'near:2', 'near:3']);
    expect((await eu.store.agents.get('near:1'))?.facets.claim).toMatchObject({ endReason: 'refused' });
  });

  it('is given back where nothing could be sent', async () => {
    const { eu } = regions;
    eu.platform.answers = [{ answer: 'not_sent', reason: 'no login' }];
    expect((await refusalOf(claimAndDeliver(eu.region, askFor('call-1')))).code).toBe('platform_unavailable');
    expect((await eu.store.agents.get('near:1'))?.facets.claim).toMatchObject({ endReason: 'released' });
  });
});
