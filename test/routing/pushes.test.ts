import { expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import type { PushReader } from '../../src/platforms/platform.ts';
import { Pushes } from '../../src/routing/read-through/pushes.ts';
import { ShardUnavailable } from '../../src/store/store.ts';

const NAMES = ['ann', 'bad', 'bob'];
const reader: PushReader = {
  read: () => ({
    facts: NAMES.map((agentId) => ({
      agentId,
      reportOn: () => ({
        agentId,
        eventId: agentId,
        timestampMs: 1,
        facets: { presence: { state: 'OFF_DUTY', at: 1, id: agentId } },
      }),
    })),
    hints: [],
    ignored: 0,
  }),
};

function pushes(error: Error) {
  const accepted: string[] = [];
  const tell = vi.fn();
  const region = {
    config: { region: 'eu' },
    agents: { get: async () => undefined },
    ingest: {
      accept: async (event: AgentEvent) => {
        if (event.agentId === 'bad') throw error;
        accepted.push(event.agentId);
        return { event, outcome: 'applied' };
      },
    },
    audit: { record: () => undefined },
    metrics: createMetrics('eu'),
    readThrough: { ask: async () => undefined },
    setAside: { tell },
  };
  return { accepted, tell, pushes: new Pushes(region as never, new Map([['crm', reader]])) };
}

it('one fact of a push that can never be accepted is set aside, and costs the others nothing', async () => {
  const { accepted, tell, pushes: taking } = pushes(new TypeError('cannot be read'));
  await taking.take('crm', {});
  expect(accepted).toEqual(['ann', 'bob']);
  expect(tell).toHaveBeenCalledWith('bad', expect.any(TypeError), 'connection', 'a push to crm');
});

it('a push that meets an outage may come again', async () => {
  const { tell, pushes: taking } = pushes(new ShardUnavailable('its shard is down'));
  await expect(taking.take('crm', {})).rejects.toThrow(ShardUnavailable);
  expect(tell).not.toHaveBeenCalled();
});
