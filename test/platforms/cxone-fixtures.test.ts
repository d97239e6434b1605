import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../../src/agent/status.ts';
import type { CxoneApi } from '../../src/platforms/cxone/client.ts';
import { Directory } from '../../src/platforms/cxone/directory.ts';
import { Feeds } from '../../src/platforms/cxone/feeds.ts';
import { CxoneFullRead } from '../../src/platforms/cxone/full-read.ts';
import { type CxoneCall, REQUESTS } from '../../src/platforms/cxone/requests.ts';
import { CxoneRoster } from '../../src/platforms/cxone/roster.ts';
import { pathOf } from '../../src/platforms/endpoint.ts';
import { RequestFailed } from '../../src/platforms/failure.ts';
import type { PlatformReport } from '../../src/platforms/platform.ts';
import { Refusals } from '../../src/platforms/refusals.ts';
import { type Case, CONNECTION, meaningOf, Region, readCases } from './fixtures/cases.ts';
import { placesOf, unknownWord, withWord } from './fixtures/unknown-words.ts';

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

  async get(call: CxoneCall) {
    const path = pathOf(REQUESTS[call.to], call);
    const { query = '' } = call;
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
  const refusals = new Refusals(REQUESTS, log);
  const answers = new Answers();
  const client = answers as unknown as CxoneApi;
  const directory = new Directory(client, undefined, context, refusals, { nowMs: () => 0, monotonicMs: () => 0 });
  const roster = new CxoneRoster(context, directory);
  const feeds = new Feeds(client, roster, context, refusals);
  const region = new Region();
  const sink = { deliver: (reports: PlatformReport[]) => region.hear(reports), settled: async () => {} };
  const snapshot = new CxoneFullRead(context, feeds, roster, directory, sink);
  for (const { asked, date, ...bodies } of arrivals) {
    Object.assign(answers, { date, bodies: { ...seldom, ...bodies } });
    if (asked === 'changes') {
      await feeds.changes(sink.deliver);
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

/** Words and numbers of the dictionaries that the payloads use. */
const KNOWN = [
  ...[
    'LoggedOut',
    'Available',
    'Unavailable',
    'InboundContact',
    'OutboundContact',
    'InboundConsult',
    'OutboundConsult',
  ],
  ...['Dialer', 'LoggedIn', 'DialerPending', 'Working', 'Active', 'Hold', 'Conference', 'With Agent'],
];
/** Fields that hold a word, or a number that stands for one. */
const FIELDS = new Set([
  ...['agentStateId', 'agentStateName', 'outStateId', 'outStateDescription', 'mediaTypeId', 'mediaTypeName'],
  ...['stateId', 'stateName', 'state', 'contactStateCategory', 'mediaType', 'digitalContactStateName'],
]);
const unknownNumber = fc.constantFrom(-99, -20, 55, 77, 99, 4096);

const statusAfter = async (one: CxoneCase, arrivals: Payload[]) => statusOf(await facetsAfter(one, arrivals), 0).status;
const inAll = (arrivals: Payload[], field: string, value: string | number): Payload[] =>
  placesOf(arrivals, new Set([field]), new Set()).reduce((all, place) => withWord(all, place, value), arrivals);
const valueAt = (payload: unknown, path: (string | number)[]): unknown =>
  path.reduce((value, name) => (value as Record<string | number, unknown>)[name], payload);

describe('a word that NICE CXone has never said before', () => {
  it('makes nobody available who is not, wherever it stands', async () => {
    const busy = cases.filter(({ means }) => means.status !== 'AVAILABLE');
    const places = busy.flatMap((one) => placesOf(one.arrivals, FIELDS, new Set()).map((place) => ({ one, place })));
    await fc.assert(
      fc.asyncProperty(fc.nat(places.length - 1), unknownWord(KNOWN), unknownNumber, async (index, text, number) => {
        const { one, place } = places[index] as (typeof places)[number];
        const isNumber = typeof valueAt(one.arrivals, place.path) === 'number';
        const arrivals = withWord(one.arrivals, place, isNumber ? number : text);
        expect(await statusAfter(one, arrivals), `${one.name}: ${place.path.join('/')}`).not.toBe('AVAILABLE');
      }),
      { numRuns: 400 },
    );
  });

  it('is never available where the state, or the code beside it, must say so', async () => {
    const free = cases.filter(({ means, arrivals }) => {
      const states = placesOf(arrivals, new Set(['agentStateId']), new Set()).map(({ path }) =>
        valueAt(arrivals, path),
      );
      return means.status === 'AVAILABLE' && states.length > 0 && states.every((state) => state === 1);
    });
    const field = fc.constantFrom('agentStateId', 'outStateId');
    await fc.assert(
      fc.asyncProperty(fc.nat(free.length - 1), field, unknownNumber, async (index, name, number) => {
        const one = free[index] as (typeof free)[number];
        const arrivals = inAll(one.arrivals, name, number);
        expect(await statusAfter(one, arrivals), `${one.name}: ${name}`).not.toBe('AVAILABLE');
      }),
      { numRuns: 200 },
    );
  });
});
