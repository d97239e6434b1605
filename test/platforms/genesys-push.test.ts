import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../src/agent/event.ts';
import type { Facets } from '../../src/agent/facets.ts';
import { writeEvent } from '../../src/agent/wire.ts';
import type { UserPayload } from '../../src/platforms/genesys/payloads.ts';
import { createGenesysPushReader } from '../../src/platforms/genesys/push.ts';
import { Translator } from '../../src/platforms/genesys/translator.ts';
import type { PlatformContext, PlatformReport } from '../../src/platforms/platform.ts';
import { fieldsRefusedBy } from '../fixtures/push-errors.ts';

const CONNECTION = 'genesys-emea';
const USER = '0b7a3c1e-5a0e-4c5e-9d0e-3f0f5a1c1111';
const AGENT = `${CONNECTION}:${USER}`;
const CALL = 'ccb202d4-e2a9-4e9d-8c02-183f5bd418ab';
const reader = createGenesysPushReader({}, { connection: CONNECTION, count: () => {} });

const topicOf = (name: string) => `v2.users.${USER}.${name}`;
const notification = (name: string, eventBody: unknown) => ({
  topicName: topicOf(name),
  version: '2',
  eventBody,
  metadata: { CorrelationId: '9e8067c7-8b35-4e54-add9-db24e7d6f086' },
});
const envelope = (name: string, eventBody: unknown) => ({
  version: '0',
  id: '58fb5dac-f077-4eec-a25f-c638dbdd4368',
  'detail-type': `v2.users.{id}.${name}`,
  source: 'aws.partner/genesys.com/cloud/32aa07aa-db1b-4987-abd0-9483601ec29d/prod',
  time: '2026-03-02T14:20:17Z',
  detail: { ...notification(name, eventBody), timestamp: '2026-03-02T14:20:17.435Z' },
});
const reports = (body: unknown, held?: Facets) => reader.read(body).facts.flatMap((fact) => fact.reportOn(held) ?? []);
const errorsOf = (body: unknown): string[] => fieldsRefusedBy(() => reader.read(body));

const presence = {
  presenceDefinition: { id: 'e08eaf1b-ee47-4fa9-a231-1200e284798f', systemPresence: 'ON_QUEUE' },
  modifiedDate: '2026-03-02T14:05:08.990Z',
};
const routingStatus = { status: 'IDLE', startTime: '2026-03-02T14:05:09.123Z' };
const alert = {
  id: CALL,
  participants: [
    { purpose: 'acd', connectedTime: '2026-03-02T14:00:00.000Z', calls: [] },
    { purpose: 'agent', userId: USER, calls: [{ state: 'alerting' }] },
  ],
};

describe('what EventBridge brings', () => {
  it('is read from the envelope as from the notification in it', () => {
    const body = { id: USER, routingStatus, presence };
    expect(reports(envelope('activity', body))).toEqual(reports(notification('activity', body)));
    expect(reports(envelope('activity', body)).map(({ agentId, eventId }) => [agentId, eventId])).toEqual([
      [AGENT, `${USER}/presence/1772460308990/ONQUEUE`],
      [AGENT, `${USER}/activity/1772460309123/IDLE`],
    ]);
  });

  it('takes the user from the topic, since a presence names none', () => {
    const [report] = reports(notification('presence', { source: 'PURECLOUD', primary: true, ...presence }));
    expect(report).toMatchObject({ agentId: AGENT, facets: { presence: { state: 'ON_DUTY' } } });
  });

  it('says of a routing status what an activity says of it', () => {
    const alone = reports(notification('routingStatus', { id: USER, routingStatus }));
    expect(alone).toEqual(reports(notification('activity', { routingStatus })));
  });

  it('ignores kinds that say nothing of an agent, and counts them', () => {
    const others = [
      envelope('conversationsummary', { userId: USER }),
      { ...envelope('activity', {}), 'detail-type': 'v2.detail.events.agent.{id}.state', detail: 'anything' },
      notification('conversations.calls', {}),
      { topicName: 'v2.routing.queues.q1.users', eventBody: {} },
      notification('activity', { id: USER }),
      notification('conversations', { id: CALL, participants: [{ purpose: 'customer' }] }),
    ];
    expect(reader.read(others)).toEqual({ facts: [], hints: [], ignored: others.length });
    expect(reader.read([notification('presence', presence), ...others])).toMatchObject({ ignored: others.length });
  });

  it('has the platform asked about whom it says too little of', () => {
    const { modifiedDate: _, ...undated } = presence;
    expect(reader.read(notification('presence', undated))).toEqual({ facts: [], hints: [AGENT], ignored: 0 });
  });

  it.each<[string, unknown, string[]]>([
    ['no record', [], ['/']],
    ['too many', Array(1001).fill(notification('presence', presence)), ['/']],
    ['no object', 'presence', ['/']],
    ['no topic', { eventBody: {} }, ['/topicName']],
    ['no user', { topicName: 'v2.users.a:b.presence', eventBody: {} }, ['/topicName']],
    ['no detail', { ...envelope('presence', presence), detail: undefined }, ['/detail']],
    ['no body', envelope('presence', undefined), ['/detail/eventBody']],
    [
      'wrong fields',
      [
        notification('presence', presence),
        envelope('activity', { routingStatus: { status: 3, startTime: 'soon' }, activeQueueIds: [''] }),
      ],
      ['routingStatus/status', 'routingStatus/startTime', 'activeQueueIds/0'].map((at) => `/1/detail/eventBody/${at}`),
    ],
    [
      'an impossible time',
      notification('conversations', {
        id: CALL,
        participants: [
          { purpose: 'agent', userId: USER, calls: [{ state: 'x', startAlertingTime: '2150-01-01T00:00:00Z' }] },
        ],
      }),
      ['/eventBody/participants'],
    ],
    [
      'a time without a zone',
      notification('conversations', {
        id: CALL,
        participants: [
          { purpose: 'agent', userId: USER, calls: [{ state: 'x', startAlertingTime: '2026-03-02T15:01:40' }] },
        ],
      }),
      ['/eventBody/participants'],
    ],
  ])('is refused as a whole for %s, with the fields named', (_what, body, fields) => {
    expect(errorsOf(body)).toEqual(fields);
  });
});

describe('joined queues', () => {
  const held: Facets = {
    profile: {
      name: 'Ana',
      queues: [`${CONNECTION}:q1`],
      skills: { Billing: 80 },
      tenureDays: 9,
      at: 1000,
      id: 'read',
    },
  };
  const joined = (activeQueueIds: string[], dateActiveQueuesChanged: string) =>
    notification('activity', { activeQueueIds, dateActiveQueuesChanged });

  it('replace those of the profile that is known, and leave the rest of it', () => {
    const [report, ...others] = reports(joined(['q3', 'q2'], '2026-02-25T04:15:44.913Z'), held);
    expect(report?.facets.profile).toMatchObject({
      ...{ name: 'Ana', skills: { Billing: 80 }, tenureDays: 9 },
      ...{ queues: [`${CONNECTION}:q2`, `${CONNECTION}:q3`], at: 1771992944913 },
    });
    expect(others).toEqual([]);
  });

  it('are no news for a profile that is as new, has them, or is not there', () => {
    const at = Date.parse('2026-02-25T04:15:44.913Z');
    const newer = { profile: { ...held.profile, at } } as Facets;
    expect(reports(joined(['q2'], '2026-02-25T04:15:44.913Z'), newer)).toEqual([]);
    expect(reports(joined(['q1'], '2026-02-25T04:15:44.913Z'), held)).toEqual([]);
    expect(reports(joined(['q2'], '2026-02-25T04:15:44.913Z'))).toEqual([]);
  });
});

describe('an alert without times of its own', () => {
  const idle: Facets = { activity: { state: 'IDLE', at: 1772460309123, id: 'idle' } };

  it('counts as no older than the idleness known, and the next time as nothing new', () => {
    const [report] = reports(notification('conversations', alert), idle);
    expect(report).toMatchObject({ timestampMs: 1772460309123 });
    const later: Facets = { ...report?.facets, activity: { state: 'IDLE', at: 1772460399999, id: 'later' } };
    expect(reports(notification('conversations', alert), later)).toEqual([]);
  });
});

/** What the way by a channel tells, of a user whom it has read. */
function byChannel(frames: { topic: 'activity' | 'conversations'; body: object }[], user: UserPayload) {
  const context = { connection: CONNECTION, count: () => {} } as unknown as PlatformContext;
  const translator = new Translator(context, new Map(), () => {});
  const { facets } = translator.read(user, 1000, { ids: ['q1'], atMs: 1000 });
  return {
    held: facets,
    reports: frames.flatMap((frame) => translator.notified({ kind: 'event', userId: USER, ...frame })),
  };
}

const times = fc
  .integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 11, 31) })
  .map((ms) => new Date(ms).toISOString());
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const activities = fc.record(
  {
    presence: fc.record({
      presenceDefinition: fc.record({
        systemPresence: fc.constantFrom('ON_QUEUE', 'On Queue', 'BREAK', 'Offline', 'New'),
      }),
      modifiedDate: times,
    }),
    routingStatus: fc.record({ status: fc.constantFrom('IDLE', 'INTERACTING', 'OFF_QUEUE', 'NEW'), startTime: times }),
    activeQueueIds: fc.subarray(['q1', 'q2', 'q3']),
    dateActiveQueuesChanged: times,
  },
  { requiredKeys: [] },
);
const participants = fc.record({
  purpose: fc.constantFrom('agent', 'customer'),
  userId: fc.constant(USER),
  connectedTime: maybe(times),
  endTime: maybe(times),
  startAcwTime: maybe(times),
  calls: fc.array(
    fc.record({ state: fc.constantFrom('alerting', 'connected', 'disconnected'), connectedTime: maybe(times) }),
  ),
});
const conversations = fc.record({ id: fc.constant(CALL), participants: fc.array(participants, { maxLength: 4 }) });

const told = ({ agentId, eventId, timestampMs, facets }: PlatformReport) => ({ agentId, eventId, timestampMs, facets });

describe('a fact', () => {
  it('of an agent’s state is the same, with the same name, whether a channel or a push brings it', () => {
    fc.assert(
      fc.property(activities, (body) => {
        const channel = byChannel([{ topic: 'activity', body }], { id: USER, name: 'Ana' });
        expect(reports(envelope('activity', body), channel.held).map(told)).toEqual(channel.reports.map(told));
      }),
    );
  });

  it('of a call is the same, too', () => {
    fc.assert(
      fc.property(conversations, activities, (body, { presence: on, routingStatus: status }) => {
        const user = { id: USER, name: 'Ana', ...(on && { presence: on }), ...(status && { routingStatus: status }) };
        const channel = byChannel([{ topic: 'conversations', body }], user);
        expect(reports(envelope('conversations', body), channel.held).map(told)).toEqual(channel.reports.map(told));
      }),
    );
  });
});

const nearly = fc.oneof(
  fc.record({
    topicName: fc.oneof(
      fc.constantFrom('activity', 'presence', 'routingStatus', 'conversations').map(topicOf),
      fc.string(),
    ),
    eventBody: fc.oneof(
      fc.jsonValue(),
      activities,
      conversations,
      fc.record({ presence: fc.jsonValue(), routingStatus: fc.jsonValue(), activeQueueIds: fc.jsonValue() }),
      fc.record({ id: fc.jsonValue(), participants: fc.array(fc.oneof(participants, fc.jsonValue())) }),
      fc.record({
        id: fc.constant(CALL),
        participants: fc.array(
          fc.record({ purpose: fc.constant('agent'), userId: fc.constant(USER), x: fc.jsonValue() }),
        ),
      }),
    ),
  }),
  fc.jsonValue(),
);
const bodies = fc.oneof(
  nearly,
  fc.array(nearly),
  nearly.map((detail) => ({ 'detail-type': 'v2.users.{id}.activity', detail })),
);

describe('whatever is pushed', () => {
  it('is read, or refused with its fields named, and speaks only of agents of the connection, in words every region reads', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        const copy = structuredClone(body);
        const isRefused = errorsOf(body).length > 0;
        expect(body).toEqual(copy);
        if (isRefused) return;
        const { hints, ignored } = reader.read(body);
        expect(ignored).toBeLessThanOrEqual(Array.isArray(body) ? body.length : 1);
        for (const agentId of hints) expect(agentId).toMatch(new RegExp(`^${CONNECTION}:`));
        for (const report of reports(body, { activity: { state: 'IDLE', at: Date.UTC(2026, 0), id: 'a' } })) {
          expect(report.agentId).toMatch(new RegExp(`^${CONNECTION}:[^\\s]+$`));
          const event = { ...report, region: 'eu', source: 'push' };
          const wire = JSON.parse(JSON.stringify(writeEvent(event, { status: 'BUSY' })));
          expect(readEvent(wire, { region: 'eu', status: 'summary' })).toEqual(event);
        }
      }),
      { numRuns: 500 },
    );
  });
});
