import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../src/agent/event.ts';
import { ShardUnavailable } from '../../src/cache/errors.ts';
import { NotReplicated } from '../../src/cache/written.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { Unreplicated } from '../../src/sync/unreplicated.ts';

let unreplicated: Unreplicated;
afterEach(() => unreplicated.stop());

function event(agentId: string, at: number): AgentEvent {
  const eventId = `${agentId}-${at}`;
  return {
    eventId,
    agentId,
    timestampMs: at,
    region: 'eu',
    facets: { presence: { state: 'OFF_DUTY', at, id: eventId } },
  };
}

describe('what no replica has', () => {
  it('is taken at once, and accepted again, in its order, until a replica has it', async () => {
    let hasReplica = false;
    const held: string[] = [];
    const accept = vi.fn(async ({ eventId }: AgentEvent) => {
      if (!hasReplica) throw new NotReplicated();
      held.push(eventId);
    });
    unreplicated = new Unreplicated({ accept, clock: systemClock, log: createLog('silent', 'eu', 'test') });
    await unreplicated.accept(event('ann', 1));
    await unreplicated.accept(event('ann', 2));
    await unreplicated.accept(event('bob', 1));
    await vi.waitFor(() => expect(accept.mock.calls.length).toBeGreaterThan(4), 30_000);
    hasReplica = true;
    await vi.waitFor(() => expect(held).toHaveLength(3), 30_000);
    expect(held.filter((id) => id.startsWith('ann'))).toEqual(['ann-1', 'ann-2']);
  });

  it('is not what the store did not take at all', async () => {
    const accept = vi.fn(() => Promise.reject(new ShardUnavailable('its shard is down')));
    unreplicated = new Unreplicated({ accept, clock: systemClock, log: createLog('silent', 'eu', 'test') });
    await expect(unreplicated.accept(event('ann', 1))).rejects.toThrow(ShardUnavailable);
    expect(accept).toHaveBeenCalledOnce();
  });
});
