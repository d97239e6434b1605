import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import type { Reading, ReadPage } from '../../src/platforms/platform.ts';
import { Reconciler } from '../../src/sync/mirroring/reconciler.ts';
import { type Store, silent, startStore } from '../fixtures/store.ts';

const DAY_MS = 86_400_000;
let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

test('agents without recent reports are forgotten only if the platform no longer has them', async () => {
  const d = store.domain('org');
  const longAgo = systemClock.nowMs() - 31 * DAY_MS;
  const left = (at: number) => ({ presence: { state: 'OFF_DUTY', at, id: `left-${at}` } }) as const;
  for (const id of ['listed', 'asked', 'gone', 'deaf']) await d.set(`org:${id}`, left(longAgo));
  await d.set('org:lately', left(longAgo + 2 * DAY_MS));
  await d.set('org:present', { presence: { state: 'ON_DUTY', at: longAgo, id: 'p' } });

  const accepted: AgentEvent[] = [];
  const asked: string[][] = [];
  const reconciler = new Reconciler({
    connection: 'org',
    domain: d.name,
    region: 'eu',
    forgetAfterMs: 30 * DAY_MS,
    store: d.store,
    accept: async (event) => {
      accepted.push(event);
      await d.set(event.agentId, event.facets);
    },
    read: (work) => work(),
    clock: systemClock,
    log: silent,
    metrics: createMetrics('eu'),
    setAside: undefined as never,
  });
  const page = (...names: string[]): ReadPage => ({
    atMs: systemClock.nowMs(),
    agents: names.map((name) => ({ agentId: `org:${name}`, facets: {}, ...(name === 'gone' && { isGone: true }) })),
  });
  const reading: Reading = {
    pages: async function* () {
      yield page('listed', 'present');
    },
    byId: async function* (agentIds) {
      asked.push(agentIds.toSorted());
      // Of one it says nothing, as of somebody who changes in this moment.
      yield page(...agentIds.map((id) => id.slice(4)).filter((name) => name !== 'deaf'));
    },
  };
  await reconciler.reconcile(reading);
  expect(asked).toEqual([[], ['org:asked', 'org:deaf', 'org:gone']]);
  expect(accepted).toMatchObject([{ agentId: 'org:gone', source: 'expiry' }]);
  const tombstone = accepted[0]?.facets.forgotten?.at ?? 0;
  expect(systemClock.nowMs() - tombstone).toBeGreaterThanOrEqual(30 * DAY_MS);
  expect((await d.agents.get('org:gone'))?.facets).toEqual({ forgotten: accepted[0]?.facets.forgotten });
});
