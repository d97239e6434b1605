import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/platforms/cxone/client.ts';
import { Directory } from '../../src/platforms/cxone/directory.ts';
import { Feeds } from '../../src/platforms/cxone/feeds.ts';
import { Roster } from '../../src/platforms/cxone/roster.ts';
import { Snapshot } from '../../src/platforms/cxone/snapshot.ts';
import { RequestFailed } from '../../src/platforms/failure.ts';
import type { PlatformReport } from '../../src/platforms/platform.ts';
import { type Case, CONNECTION, meaningOf, Region, readCases } from './fixtures/cases.ts';

/** An answer's body, or the status of one without. */
type Body = Record<string, unknown> | number;

/** What the two lists answer, to a complete reading or to whoever asks for changes. */
interface Payload {
  asked: 'everything' | 'changes';
  /** When they answer, where the body does not say. */
  date: string;
  'agents/states': Body;
  'contacts/active': Body;
}

interface CxoneCase extends Case<Payload> {
  /** Answers of what changes seldom, by path; nothing where left out. */
  directory?: Record<string, Body>;
}

const AGENT = '3310442';
const cases = readCases<Payload, CxoneCase>('cxone');

/** A client to whom the case answers. */
class Answers {
  readonly pageSize = 1000;
  bodies: Record<string, Body> = {};
  date = '';

  async get(address: string) {
    const [path = '', query = ''] = address.split('?');
    const atMs = Date.parse(this.date);
    // Pages after the first are empty, and what changes seldom has not changed since.
    const isMore = !query.includes('skip=0') || (path === 'agents/skills' && query.includes('updatedSince'));
    const body = isMore ? 204 : (this.bodies[path] ?? 204);
    if (typeof body !== 'number') return { body, atMs };
    if (body >= 400) throw new RequestFailed(body, `GET ${path} answered ${body}`);
    return { body: undefined, atMs };
  }
}

/** What the agent's region holds once everything has been asked for the way the connection asks. */
async function facetsAfter({ directory: seldom = {} }: CxoneCase, arrivals: Payload[]) {
  const log = { info: () => {}, warn: () => {} };
  const context = { connection: CONNECTION, count: () => {}, log, passOver: () => {} };
  const answers = new Answers();
  const client = answers as unknown as Client;
  const directory = new Directory(client, undefined, context, { nowMs: () => 0, monotonicMs: () => 0 });
  const roster = new Roster(context, directory);
  const feeds = new Feeds(client, roster, context);
  const region = new Region();
  const line = { push: (reports: PlatformReport[]) => region.hear(reports), settled: async () => {} };
  const snapshot = new Snapshot(context, feeds, roster, directory, line);
  for (const { asked, date, ...bodies } of arrivals) {
    Object.assign(answers, { date, bodies: { ...seldom, ...bodies } });
    if (asked === 'changes') {
      await feeds.changes(line.push);
      continue;
    }
    const named = new Set<string>();
    for await (const { agents, atMs } of snapshot.pages()) {
      for (const reading of agents) {
        named.add(reading.agentId);
        region.read(reading, atMs);
      }
    }
    const unnamed = [`${CONNECTION}:${AGENT}`].filter((agentId) => !named.has(agentId));
    for await (const { agents, atMs } of snapshot.byId(unnamed)) {
      for (const reading of agents) region.read(reading, atMs);
    }
  }
  return region.facets(AGENT);
}

describe('what NICE CXone says', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    expect(meaningOf(await facetsAfter(one, one.arrivals), one.means)).toEqual(one.means);
  });
});
