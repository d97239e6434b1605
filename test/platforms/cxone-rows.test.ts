import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readEvent } from '../../src/agent/event.ts';
import { interactionsFacet } from '../../src/agent/facets.ts';
import { writeEvent } from '../../src/agent/wire.ts';
import { readContactRow, type Step, stepOfContact, stepOfState } from '../../src/platforms/cxone/contact.ts';
import { Row } from '../../src/platforms/cxone/row.ts';
import { readStateRow, stampState, stateOf, vocabularyOf } from '../../src/platforms/cxone/state.ts';

const AT_MS = Date.UTC(2026, 0, 1);
const NAMES = [
  ...[
    'agentId',
    'contactId',
    'agentStateId',
    'agentStateName',
    'outStateId',
    'outStateDescription',
    'isActive',
    'isACW',
  ],
  ...[
    'lastUpdateTime',
    'startDate',
    'contactStartHandleTime',
    'mediaTypeId',
    'openContacts',
    'stateId',
    'agentStartDate',
  ],
];
const odd = fc.oneof(
  fc.jsonValue(),
  fc.integer({ min: -2, max: 30 }),
  fc.constantFrom('2026-01-01T00:00:00Z', '7', 'true', 'Available', '__proto__', Number.MAX_SAFE_INTEGER),
);
const row = fc.oneof(fc.dictionary(fc.constantFrom(...NAMES), odd), odd).map((record) => new Row(record));
const base = { eventId: 'e', agentId: 'c:1', timestampMs: AT_MS, region: 'eu' };

/** Whatever a row says, other regions must be able to read. */
function expectReadable(facets: Parameters<typeof writeEvent>[0]['facets']): void {
  const event = { ...base, facets };
  const sent = JSON.parse(JSON.stringify(writeEvent(event, { status: 'BUSY' })));
  expect(readEvent(sent, { region: 'eu', status: 'summary' })).toEqual(event);
}

it('a row of states says how an agent is, whatever is in it, or says nothing', () => {
  fc.assert(
    fc.property(row, (given) => {
      const read = readStateRow(given, '1');
      if (read === undefined) return;
      expectReadable(stampState(read.agentId, stateOf(read, vocabularyOf()), read.startMs));
      expectStep(stepOfState(read));
    }),
    { numRuns: 500 },
  );
});

it('a row of contacts says who has it, whatever is in it, or says nothing', () => {
  fc.assert(
    fc.property(row, (given) => {
      const read = readContactRow(given);
      if (read !== undefined) expectStep(stepOfContact(read, new Map(), AT_MS));
    }),
    { numRuns: 500 },
  );
});

function expectStep(step: Step | undefined): void {
  if (step) expectReadable(interactionsFacet(step.interaction));
}
