import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';
import { ConnectionsReport } from '../../src/contract/operators.ts';
import { systemClock } from '../../src/ops/clock.ts';
import type { Ground } from '../../src/serve/ground.ts';
import { reportOnConnections } from '../../src/serve/reports/connections-report.ts';
import type { Sync } from '../../src/serve/sync.ts';

/** The report of a region with one connection, whose instance found this. */
function reportOn(found: object) {
  const connections = { emea: { platform: 'genesys', home: 'eu', domain: 'main' } };
  const ground = { config: { region: 'eu', connections }, instance: 'eu-1', clock: systemClock };
  const ingest = { instance: 'eu-1', connected: true, agents: 2, ...found };
  const sync = {
    connections: { states: async () => [{ name: 'emea', instance: 'eu-1', ingest }] },
    alignments: { reports: async () => new Map() },
  };
  return reportOnConnections(ground as unknown as Ground, sync as unknown as Sync);
}

it('reports truncation, and how many timestamps could not be read', async () => {
  const cut = { agents: 1, queues: 15, skills: 3, texts: 1 };
  const report = await reportOn({ cut, zonelessTimes: 4 });
  expect(report.connections[0]?.ingest?.health).toMatchObject({ cut, zoneless_times: 4 });
  expect([...Compile(ConnectionsReport).Errors(report)]).toEqual([]);
});

it('reports the progress of the first read', async () => {
  const reading = { step: 'how agents are', agents: 1, about: 2, forMs: 900 };
  const report = await reportOn({ reading });
  const told = { step: 'how agents are', agents: 1, about: 2, for_ms: 900 };
  expect(report.connections[0]?.ingest?.health).toMatchObject({ reading: told, read_age_ms: null });
  expect([...Compile(ConnectionsReport).Errors(report)]).toEqual([]);
});

it('omits truncation if all fits', async () => {
  const health = (await reportOn({})).connections[0]?.ingest?.health;
  expect(Object.keys(health ?? {})).toEqual(['connected', 'agents', 'read_age_ms']);
});
