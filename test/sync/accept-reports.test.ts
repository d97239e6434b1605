import { describe, expect, it } from 'vitest';
import type { Facets } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import type { BusMessage } from '../../src/bus/bus.ts';
import { type DeadLetter, openLetter } from '../../src/bus/dead-letter.ts';
import { openMessage } from '../../src/bus/envelope.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { acceptParts, acceptReports } from '../../src/sync/flow/accept-reports.ts';
import { SetAside } from '../../src/sync/flow/set-aside.ts';

const noNotes = { read: async () => ({}), readSome: async () => [], write: async () => undefined };
const AT_MS = Date.UTC(2026, 2, 2);
const letters: DeadLetter[] = [];
const setAside = new SetAside({
  bus: { deadLetter: async (letter: BusMessage) => void letters.push(openLetter(letter)) },
  store: { notes: noNotes },
  region: 'eu',
  instance: 'eu-1',
  clock: systemClock,
  log: createLog('silent', 'eu', 'test'),
  metrics: createMetrics('eu'),
});

function event(agentId: string, name: string): AgentEvent {
  const version = { at: AT_MS, id: `${agentId}-1` };
  const profile = { name, queues: [], skills: {}, tenureDays: 0, ...version };
  const facets: Facets = { profile, presence: { state: 'OFF_DUTY', ...version } };
  return { eventId: version.id, agentId, timestampMs: AT_MS, region: 'eu', facets };
}

/** A store that has something against a name. */
function pickyStore(accepted: AgentEvent[]) {
  return async (each: AgentEvent): Promise<void> => {
    if (each.facets.profile?.name === 'bad') throw new URIError('URI malformed');
    accepted.push(each);
  };
}

describe('a platform report that can never be accepted', () => {
  it('loses only the failed facet of that agent', async () => {
    const accepted: AgentEvent[] = [];
    const accept = pickyStore(accepted);
    const { region: _, ...bad } = event('crm:ann', 'bad');
    const { region: __, ...good } = event('crm:bob', 'good');
    await acceptReports([bad, good, bad], 'eu', (each) => acceptParts(each, 'connection crm', accept, setAside));
    const told = accepted.map(({ agentId, facets }) => `${agentId} ${Object.keys(facets)}`);
    expect(told.toSorted()).toEqual(['crm:ann presence', 'crm:ann presence', 'crm:bob profile,presence']);
    // Once, though it was said twice.
    expect(letters).toMatchObject([{ reason: 'URIError: URI malformed', from: 'connection crm' }]);
    const [letter] = letters;
    const opened = letter && openMessage(letter.message, AT_MS);
    expect(opened).toMatchObject({ event: { agentId: 'crm:ann', facets: { profile: { name: 'bad' } } } });
  });

  it('is not one that an outage delayed', async () => {
    const before = letters.length;
    const accept = () => Promise.reject(new ShardUnavailable('down'));
    await expect(acceptParts(event('crm:eve', 'good'), 'connection crm', accept, setAside)).rejects.toThrow(
      ShardUnavailable,
    );
    expect(letters).toHaveLength(before);
  });
});
