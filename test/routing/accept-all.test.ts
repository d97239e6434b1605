import { beforeEach, expect, it } from 'vitest';
import type { Presence } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { readMessage } from '../../src/bus/envelope.ts';
import { acceptAll } from '../../src/routing/accept-all.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { memoryRegions, START_MS, type TestRegion } from './memory-regions.ts';
import { bringOnDuty } from './said.ts';

let eu: TestRegion;
beforeEach(async () => {
  ({ eu } = await memoryRegions());
  await bringOnDuty([eu], 'desk:1', 'desk:2', 'shop:1');
});

const says = (agentId: string, n: number): AgentEvent => {
  const [at, eventId] = [START_MS + n, `${agentId}/${n}`];
  const state: Presence['state'] = n % 2 ? 'ON_DUTY' : 'OFF_DUTY';
  return { eventId, agentId, timestampMs: at, region: 'eu', facets: { presence: { state, at, id: eventId } } };
};
const published = async (domain: string): Promise<string[]> => {
  const { entries } = (await eu.store.outbox.next(domain, undefined, 10_000)).evenIfLost();
  return entries.map(({ message = '' }) => String(JSON.parse(readMessage(message).value).event_id));
};

it('takes the largest batch of one agent, each event in its order, and publishes all of them', async () => {
  const events = Array.from({ length: 1000 }, (_, n) => says('desk:1', n));
  const accepted = await acceptAll(eu.region.ingest, events);
  expect(accepted.map(({ event }) => event.eventId)).toEqual(events.map(({ eventId }) => eventId));
  expect(accepted.every(({ outcome }) => outcome === 'applied')).toBe(true);
  expect(await published('main')).toEqual(events.map(({ eventId }) => eventId));
  const again = await acceptAll(eu.region.ingest, events);
  expect(again.at(-1)?.outcome).toBe('duplicate');
  expect(await published('main')).toHaveLength(1000);
});

it('answers in the order of the events, of however many agents', async () => {
  const events = ['desk:1', 'shop:1', 'desk:2', 'desk:1', 'shop:1', 'desk:1'].map((agentId, n) => says(agentId, n));
  const accepted = await acceptAll(eu.region.ingest, events);
  expect(accepted.map(({ event }) => event.eventId)).toEqual(events.map(({ eventId }) => eventId));
  expect(await published('sales')).toEqual(['shop:1/1', 'shop:1/4']);
  expect((await published('main')).filter((id) => id.startsWith('desk:1'))).toEqual([
    'desk:1/0',
    'desk:1/3',
    'desk:1/5',
  ]);
});

it('fails where one event fails; what is accepted stays', async () => {
  eu.memory.outages.set('sales', 'away');
  const events = [says('desk:1', 0), says('shop:1', 1)];
  await expect(acceptAll(eu.region.ingest, events)).rejects.toBeInstanceOf(ShardUnavailable);
  await expect.poll(() => published('main'), { interval: 5 }).toEqual(['desk:1/0']);
});
