import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Facets } from '../../src/agent/facets.ts';
import { statusOf } from '../../src/agent/status.ts';
import { readFrame } from '../../src/platforms/genesys/channel.ts';
import type { UserPayload, UtilizationPayload } from '../../src/platforms/genesys/payloads.ts';
import { createGenesysPushReader } from '../../src/platforms/genesys/push.ts';
import { Translator } from '../../src/platforms/genesys/translator.ts';
import { capacityOf } from '../../src/platforms/genesys/utilization.ts';
import { type Case, CONNECTION, meaningOf, Region, readCases } from './fixtures/cases.ts';
import { placesOf, unknownWord, withWord } from './fixtures/unknown-words.ts';

/** A user of a listing, read at a time; or a message on the socket. */
type Payload = { read: UserPayload; at: string } | { topicName: string; eventBody: object };

interface GenesysCase extends Case<Payload> {
  /** What the agent may carry; absent where agents take one call at a time. */
  utilization?: UtilizationPayload;
  /** Presence definition id to system presence. */
  definitions?: Record<string, string>;
}

const AGENT = '6f1c2a40-5b1e-4c7d-9a33-0d2e8f7b1a01';
const JOINED = { ids: ['3d9e5f71-c048-4a2b-96e4-8b1f0a7c5d11'], atMs: Date.parse('2026-03-02T13:00:00Z') };
const cases = readCases<Payload, GenesysCase>('genesys');

type Way = 'socket' | 'push';

/** What the agent's region holds once everything has arrived the way the connection, or a customer's bus, lets it in. */
function facetsAfter({ utilization, definitions = {} }: GenesysCase, arrivals: Payload[], way: Way = 'socket'): Facets {
  const context = { connection: CONNECTION, count: () => {}, log: { info: () => {}, warn: () => {} } };
  const translator = new Translator(context, new Map(), () => {});
  translator.definitions = new Map(Object.entries(definitions));
  const push = createGenesysPushReader({}, context);
  const region = new Region();
  const capacity = utilization && capacityOf(utilization);
  for (const arrival of arrivals) {
    if ('read' in arrival) {
      const atMs = Date.parse(arrival.at);
      region.read(translator.read(arrival.read, atMs, JOINED, capacity), atMs);
    } else if (way === 'socket') {
      const frame = readFrame(JSON.stringify(arrival));
      if (frame.kind === 'event') region.hear(translator.notified(frame));
    } else {
      for (const { reportOn } of push.read(enveloped(arrival)).facts) {
        const report = reportOn(region.facets(AGENT));
        if (report) region.hear([report]);
      }
    }
  }
  return region.facets(AGENT);
}

/** A notification as EventBridge delivers it. */
function enveloped(detail: { topicName: string }): object {
  const source = 'aws.partner/genesys.com/cloud/7e0c/muster';
  const kind = detail.topicName.replace(AGENT, '{id}');
  return { version: '0', 'detail-type': kind, source, time: '2026-03-02T14:20:17Z', region: 'eu-west-1', detail };
}

describe('what Genesys Cloud says', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const said = meaningOf(facetsAfter(one, one.arrivals), one.means);
    expect(said).toEqual(one.means);
  });

  // By push, what an id of a presence means is asked for.
  it.each(cases.filter(({ definitions }) => !definitions).map((one) => [one.name, one] as const))(
    'means the same when it is pushed: %s',
    (_, one) => {
      expect(meaningOf(facetsAfter(one, one.arrivals, 'push'), one.means)).toEqual(one.means);
    },
  );
});

/** Every word of the enumerations of the SDK that the payloads are of. */
const KNOWN = [
  ...['active', 'inactive', 'deleted', 'Available', 'Away', 'Busy', 'Offline', 'Idle', 'On Queue', 'Meal', 'Training'],
  ...['Meeting', 'Break', 'OFF_QUEUE', 'INTERACTING', 'NOT_RESPONDING', 'COMMUNICATING', 'alerting', 'dialing'],
  ...['contacting', 'offering', 'connected', 'disconnected', 'terminated', 'scheduled', 'parked', 'uploading', 'none'],
  ...['converting', 'transmitting', 'unknown', 'skipped', 'pending', 'complete', 'notApplicable', 'voicemail'],
  ...['call', 'calls', 'callback', 'callbacks', 'chat', 'chats', 'email', 'emails', 'message', 'messages', 'video'],
  ...['videos', 'socialExpression', 'socialExpressions', 'workitem', 'contactCenter', 'enterprise'],
];
/** Fields that hold a word, and names that are one. */
const FIELDS = new Set([
  'systemPresence',
  'status',
  'state',
  'initialState',
  'purpose',
  'disconnectType',
  'wrapupPrompt',
]);
const LISTS = ['calls', 'callbacks', 'chats', 'emails', 'messages', 'videos', 'socialExpressions'];
const NAMES = new Set([...LISTS, 'call', 'callback', 'chat', 'email', 'message', 'video', 'socialExpression']);
const FREE_ONLY = ['systemPresence', 'status'];

const statusAfter = (one: GenesysCase, arrivals: Payload[]) => statusOf(facetsAfter(one, arrivals), 0).status;

describe('a word that Genesys Cloud has never said before', () => {
  it('makes nobody available who is not, wherever it stands', () => {
    const busy = cases.filter(({ means }) => means.status !== 'AVAILABLE');
    const places = busy.flatMap((one) => placesOf(one.arrivals, FIELDS, NAMES).map((place) => ({ one, place })));
    fc.assert(
      fc.property(fc.nat(places.length - 1), unknownWord(KNOWN), (index, text) => {
        const { one, place } = places[index] as (typeof places)[number];
        const arrivals = withWord(one.arrivals, place, text);
        expect(statusAfter(one, arrivals), `${one.name}: ${place.path.join('/')}`).not.toBe('AVAILABLE');
      }),
      { numRuns: 1000 },
    );
  });

  it('is never available where the word for that must stand', () => {
    const free = cases.filter(({ means }) => means.status === 'AVAILABLE');
    fc.assert(
      fc.property(fc.nat(free.length - 1), fc.constantFrom(...FREE_ONLY), unknownWord(KNOWN), (index, field, text) => {
        const one = free[index] as (typeof free)[number];
        const places = placesOf(one.arrivals, new Set([field]), new Set());
        const arrivals = places.reduce((all, place) => withWord(all, place, text), one.arrivals);
        expect(statusAfter(one, arrivals), `${one.name}: ${field}`).not.toBe('AVAILABLE');
      }),
      { numRuns: 300 },
    );
  });
});
