import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../src/agent/event.ts';
import { type Facets, interactionsOf } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { writeEvent } from '../../src/agent/wire.ts';
import { createCxonePushReader } from '../../src/platforms/cxone/push.ts';
import { fieldsRefusedBy } from '../fixtures/push-errors.ts';

const reader = createCxonePushReader({ connection: 'cxone-na', count: () => {} });
const AGENT = 'cxone-na:1002';
const at = (second: number) => new Date(Date.UTC(2026, 2, 2, 15, 1, second)).toISOString();
const authored = (event: string, second: number, more: object = {}) => ({
  ...{ event, contactId: '220033988201', agentId: '1002', at: at(second), mediaTypeId: '4', skillId: '2206' },
  ...more,
});
const reports = (body: unknown, held?: Facets) => reader.read(body).facts.flatMap((fact) => fact.reportOn(held) ?? []);
const facetsAfter = (records: object[]): Facets =>
  records.reduce<Facets>(
    (held, record) => reports(record, held).reduce((facets, report) => merge(facets, report.facets).facets, held),
    {},
  );
const errorsOf = (body: unknown): string[] => fieldsRefusedBy(() => reader.read(body));

describe('what a Studio script sends', () => {
  it('follows a call from the alert to its end, which remembers when it was connected', () => {
    const steps = [authored('ONASSIGN', 1), authored('ONANSWER', 5), authored('ONRELEASE', 30)];
    const states = steps.map((_, n) => interactionsOf(facetsAfter(steps.slice(0, n + 1)))[0]);
    expect(states).toMatchObject([
      { callId: '220033988201', state: 'ALERTING', at: Date.parse(at(1)) },
      { state: 'CONNECTED', connectedAt: Date.parse(at(5)) },
      { state: 'ENDED', at: Date.parse(at(30)), connectedAt: Date.parse(at(5)) },
    ]);
    expect(facetsAfter([...steps, ...steps])).toEqual(facetsAfter(steps));
  });

  it('takes ids as numbers, too, and calls the same fact the same', () => {
    const numbers = { contactId: 220033988201, agentId: 1002, mediaTypeId: 4 };
    expect(reports(authored('OnAnswer', 5, numbers))).toEqual(reports(authored('ONANSWER', 5)));
    expect(reports(authored('ONANSWER', 5))[0]).toMatchObject({
      ...{ agentId: AGENT, eventId: `1002/call/220033988201/1/CONNECTED/${Date.parse(at(5))}/${Date.parse(at(5))}` },
    });
  });

  it.each<[string, object]>([
    ['no time', { at: undefined }],
    ['a time that was never filled in', { at: '' }],
    ['no contact', { contactId: '0' }],
    ['another medium than the phone', { mediaTypeId: '3' }],
    ['an event of its own making', { event: 'ONHOLD' }],
  ])('is only a reason to ask about the agent when it has %s', (_what, more) => {
    expect(reader.read(authored('ONANSWER', 5, more))).toEqual({ facts: [], hints: [AGENT], ignored: 0 });
  });

  it('is ignored where no agent is named: a caller who never reached one is no mistake', () => {
    for (const agentId of ['', '0', 0, null, undefined]) {
      expect(reader.read(authored('ONRELEASE', 5, { agentId }))).toEqual({ facts: [], hints: [], ignored: 1 });
    }
  });

  it('is refused as a whole, with the fields named, when it cannot be read', () => {
    expect(errorsOf([authored('ONANSWER', 5), { agentId: '1 OR 1', at: 'now' }, 7])).toEqual([
      ...['/1/agentId', '/1/at', '/1/event', '/2'],
    ]);
    expect(errorsOf(authored('ONANSWER', 5, { agentId: 'cxone-eu:1' }))).toEqual(['/agentId']);
  });
});

describe('what the digital channels send', () => {
  it('is ignored: whom it names is no ACD agent', () => {
    const assignee = { id: 12328, incontactId: '11ec77e1-0000-18d0-9ca1-0242ac110003' };
    const event = {
      ...{
        eventId: '8b1f1184-0000-4613-9987-e9aa9563aeaf',
        eventObject: 'Case',
        eventType: 'CaseInboxAssigneeChanged',
      },
      ...{ createdAtWithMilliseconds: '2026-03-02T15:04:05.458+01:00', data: { inboxAssignee: assignee }, context: [] },
    };
    expect(reader.read([event, authored('ONANSWER', 5)])).toMatchObject({ facts: [{ agentId: AGENT }], ignored: 1 });
  });
});

const nearly = fc.oneof(
  fc.record(
    {
      event: fc.oneof(fc.constantFrom('ONASSIGN', 'ONANSWER', 'ONRELEASE'), fc.jsonValue()),
      contactId: fc.oneof(fc.nat(), fc.string(), fc.jsonValue()),
      agentId: fc.oneof(fc.nat(), fc.stringMatching(/^\d{1,64}$/), fc.jsonValue()),
      at: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.jsonValue(),
      ),
      mediaTypeId: fc.constantFrom('4', 4, '', '3'),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
);

describe('whatever is pushed', () => {
  it('is read, or refused with its fields named, and speaks only of agents of the connection, in words every region reads', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.array(nearly)), (body) => {
        if (errorsOf(body).length > 0) return;
        for (const agentId of reader.read(body).hints) expect(agentId).toMatch(/^cxone-na:[\w-]+$/);
        for (const report of reports(body)) {
          expect(report.agentId).toMatch(/^cxone-na:[\w-]+$/);
          const event = { ...report, region: 'us', source: 'push' };
          const wire = JSON.parse(JSON.stringify(writeEvent(event, { status: 'BUSY' })));
          expect(readEvent(wire, { region: 'us', status: 'summary' })).toEqual(event);
        }
      }),
      { numRuns: 500 },
    );
  });
});
