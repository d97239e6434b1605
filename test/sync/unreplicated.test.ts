import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { readConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { NotReplicated } from '../../src/store/written.ts';
import type { Ingest } from '../../src/sync/flow/ingest.ts';
import { Unreplicated } from '../../src/sync/flow/unreplicated.ts';

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

/** Agents of `shop` are in a domain of their own. */
const CONFIG = readConfig(
  `
region: eu
redis: { nodes: [127.0.0.1:7001] }
bus: { url: redis://127.0.0.1:6390 }
regions: { eu: { url: http://127.0.0.1:7402 } }
domains: { main: {}, sales: {} }
connections: { shop: { platform: events, home: eu, domain: sales } }
agents: { unknown: { accept: true, home: eu } }
`,
  'muster.yaml',
  {},
);

/** Events that were applied again, in order. */
let restored: string[];
beforeEach(() => {
  restored = [];
});

function create(accept: (...args: Parameters<Ingest['accept']>) => Promise<unknown>): Unreplicated {
  // Tests say what happens to an event; of what it did, only this counts.
  const known: Ingest['accept'] = async (...args) =>
    ((await accept(...args)) ?? { mayBeLost: false }) as Awaited<ReturnType<Ingest['accept']>>;
  const ingest = { accept: known, restore: async (of: AgentEvent) => void restored.push(of.eventId) };
  return new Unreplicated({ ingest, config: CONFIG, clock: systemClock, log: createLog('silent', 'eu', 'test') });
}

describe('a report that no replica has', () => {
  it('is accepted at once, and again, in order, until a replica has it', async () => {
    let hasReplica = false;
    const held: string[] = [];
    const accept = vi.fn(async ({ eventId }: AgentEvent) => {
      if (!hasReplica) throw new NotReplicated();
      held.push(eventId);
    });
    unreplicated = create(accept);
    await unreplicated.accept(event('ann', 1));
    await unreplicated.accept(event('ann', 2));
    await unreplicated.accept(event('bob', 1));
    await vi.waitFor(() => expect(accept.mock.calls.length).toBeGreaterThan(4), 30_000);
    hasReplica = true;
    await vi.waitFor(() => expect(held).toHaveLength(3), 30_000);
    expect(held.filter((id) => id.startsWith('ann'))).toEqual(['ann-1', 'ann-2']);
  });

  it('is stored though too much waits for the bus', async () => {
    const accept = vi.fn(async () => ({ mayBeLost: false }));
    unreplicated = create(accept);
    await unreplicated.accept(event('ann', 1));
    expect(accept.mock.calls).toEqual([[event('ann', 1), 'unpublished']]);
  });

  it('is held, too, where it was accepted and a failover may lose it', async () => {
    const answers = [true, true, false];
    const accept = vi.fn(async () => ({ mayBeLost: answers.shift() ?? false }));
    unreplicated = create(accept);
    await unreplicated.accept(event('ann', 1));
    await vi.waitFor(() => expect(accept).toHaveBeenCalledTimes(3), 30_000);
    await unreplicated.stop();
    expect(accept).toHaveBeenCalledTimes(3);
  });

  it('is applied again before it is sent again, with all others that wait, in order', async () => {
    const accept = vi.fn(async () => {
      throw new NotReplicated();
    });
    unreplicated = create(accept);
    for (const at of [1, 2]) await unreplicated.accept(event('ann', at));
    await unreplicated.accept(event('bob', 1));
    await vi.waitFor(() => expect(restored.length).toBeGreaterThanOrEqual(3), 30_000);
    expect(restored.slice(0, 3).filter((id) => id.startsWith('ann'))).toEqual(['ann-1', 'ann-2']);
    expect(restored.slice(0, 3)).toContain('bob-1');
  });

  it('costs the store one write of a domain each time, however many agents wait', async () => {
    let hasReplica = false;
    const offered: string[] = [];
    const held = new Set<string>();
    const accept = vi.fn(async ({ agentId }: AgentEvent) => {
      offered.push(agentId);
      if (!hasReplica) throw new NotReplicated();
      held.add(agentId);
    });
    unreplicated = create(accept);
    const agents = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? `shop:${i}` : `agent-${i}`));
    for (const agentId of agents) await unreplicated.accept(event(agentId, 1));
    const rounds = 3;
    await vi.waitFor(() => expect(offered.length).toBeGreaterThanOrEqual(agents.length + rounds * 2), 30_000);
    const again = offered.slice(agents.length);
    expect(new Set(again)).toEqual(new Set(['shop:0', 'agent-1']));
    hasReplica = true;
    await vi.waitFor(() => expect(held.size).toBe(agents.length), 30_000);
  });

  it('delays no other report if it can never be accepted', async () => {
    let hasReplica = false;
    const held: string[] = [];
    const accept = vi.fn(async ({ agentId }: AgentEvent) => {
      if (!hasReplica) throw new NotReplicated();
      if (agentId === 'agent-0') throw new TypeError('cannot be read');
      held.push(agentId);
    });
    unreplicated = create(accept);
    for (let i = 0; i < 10; i++) await unreplicated.accept(event(`agent-${i}`, 1));
    hasReplica = true;
    await vi.waitFor(() => expect(held).toHaveLength(9), 30_000);
  });

  it('is not one that the store refused', async () => {
    const accept = vi.fn(() => Promise.reject(new ShardUnavailable('its shard is down')));
    unreplicated = create(accept);
    await expect(unreplicated.accept(event('ann', 1))).rejects.toThrow(ShardUnavailable);
    expect(accept).toHaveBeenCalledOnce();
  });
});
