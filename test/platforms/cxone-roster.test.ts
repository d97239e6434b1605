import { describe, expect, it } from 'vitest';
import { type Facets, interactionOf } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { type StatusAnswer, statusOf } from '../../src/agent/status.ts';
import { readContactRow } from '../../src/platforms/cxone/contact.ts';
import type { Directory } from '../../src/platforms/cxone/directory.ts';
import { CxoneRoster } from '../../src/platforms/cxone/roster.ts';
import { Row } from '../../src/platforms/cxone/row.ts';
import { readStateRow, type StateRow, vocabularyOf } from '../../src/platforms/cxone/state.ts';
import type { PlatformReport } from '../../src/platforms/platform.ts';

const T = Date.UTC(2026, 2, 2, 15);
const at = (ms: number): string => new Date(T + ms).toISOString();

/** A row whose state began, and changed last, so many ms after three. */
function rowOf(agentStateId: number, startMs: number, fields: object = {}): StateRow {
  const times = { startDate: at(startMs), lastUpdateTime: at(startMs) };
  const row = readStateRow(new Row({ agentId: 5, agentStateId, openContacts: 0, ...times, ...fields }));
  if (!row) throw new Error('not read');
  return row;
}

class Told {
  readonly counts: string[] = [];
  readonly roster: CxoneRoster;
  facets: Facets = {};
  constructor() {
    // What a tenant that was not read yet has.
    const directory = { vocabulary: vocabularyOf(), categories: new Map(), isRead: false, capacity: () => undefined };
    const context = {
      connection: 'cx',
      count: (name: string, value = '') => this.counts.push(`${name} ${value}`),
      log: { info: () => {}, warn: () => {} },
    };
    this.roster = new CxoneRoster(context, directory as unknown as Directory);
  }

  take(reports: PlatformReport[]): number {
    for (const { facets } of reports) this.facets = merge(this.facets, facets).facets;
    return reports.length;
  }

  get status(): StatusAnswer {
    return statusOf(this.facets, T);
  }
}

describe('rows that changed', () => {
  it('are told once, whatever is repeated', () => {
    const told = new Told();
    expect(told.take(told.roster.changed(rowOf(1, 0)))).toBe(1);
    expect(told.take(told.roster.changed(rowOf(1, 0)))).toBe(0);
    expect(told.take(told.roster.changed(rowOf(1, 0, { lastUpdateTime: at(500), stationId: 7 })))).toBe(0);
    expect(told.status.status).toBe('AVAILABLE');
    expect(told.facets.activity?.at).toBe(T);
  });

  it('are dropped when they come late', () => {
    const told = new Told();
    told.take(told.roster.changed(rowOf(2, 1_000)));
    expect(told.take(told.roster.changed(rowOf(1, 0)))).toBe(0);
    expect(told.status.status).toBe('BUSY');
  });

  it.each([
    [1, 2],
    [2, 1],
    [3, 1],
    [1, 0],
    [0, 1],
  ])('are told in their order within one millisecond: %i, then %i', (first, second) => {
    const [both, alone] = [new Told(), new Told()];
    for (const state of [first, second]) both.take(both.roster.changed(rowOf(state, 0)));
    alone.take(alone.roster.changed(rowOf(second, 0)));
    expect(both.status).toEqual(alone.status);
    expect((both.facets.presence?.at ?? 0) - T).toBeLessThanOrEqual(1);
  });

  it('tell of what changes within a state by when the row changed', () => {
    const told = new Told();
    told.take(told.roster.changed(rowOf(1, 0)));
    told.take(told.roster.changed(rowOf(1, 0, { openContacts: 1, lastUpdateTime: at(300) })));
    expect(told.status).toEqual({ status: 'BUSY', reason: 'PARTIAL_LOAD' });
    expect(told.facets.activity?.at).toBe(T + 300);
    told.take(told.roster.changed(rowOf(1, 0, { lastUpdateTime: at(900) })));
    expect(told.status.status).toBe('AVAILABLE');
    expect(told.facets.activity?.at).toBe(T + 900);
  });

  it('count a state nobody knows, and make nobody available of it', () => {
    const told = new Told();
    told.take(told.roster.changed(rowOf(99, 0, { agentStateName: 'Zen' })));
    expect(told.status).toEqual({ status: 'BUSY', reason: 'ZEN' });
    expect(told.counts).toEqual(['unknown_value agentState:99']);
  });

  it('end a call that the state has left behind, before they tell of the state', () => {
    const told = new Told();
    const call = { contactId: 77, mediaTypeId: 4, contactStartHandleTime: at(100), openContacts: 1 };
    told.take(told.roster.changed(rowOf(3, 50, call)));
    expect(interactionOf(told.facets, '77')).toMatchObject({ callId: '77', state: 'CONNECTED', at: T + 100 });
    const reports = told.roster.changed(rowOf(1, 5_000));
    expect(reports.map(({ facets }) => Object.keys(facets))).toEqual([['interactions'], ['presence', 'activity']]);
    told.take(reports);
    expect(interactionOf(told.facets, '77')).toMatchObject({ state: 'ENDED', at: T + 5_000, connectedAt: T + 100 });
  });
});

describe('an agent who is in no list any more', () => {
  it('has logged out as of the list, and is back with any row that is newer', () => {
    const told = new Told();
    told.take(told.roster.changed(rowOf(1, 0)));
    const gone = told.roster.gone('5', T + 2_000);
    expect(gone?.reading).toMatchObject({ isGone: true, facets: { presence: { state: 'OFF_DUTY', at: T + 2_000 } } });
    expect(told.roster.size).toBe(0);
    expect(told.roster.changed(rowOf(1, 1_000))).toEqual([]);
    told.take(told.roster.changed(rowOf(1, 3_000)));
    expect(told.status.status).toBe('AVAILABLE');
    expect(told.roster.size).toBe(1);
  });

  it('is back at once when a complete list has them again, as they were', () => {
    const told = new Told();
    told.take(told.roster.changed(rowOf(1, 0)));
    told.facets = merge(told.facets, told.roster.gone('5', T + 2_000)?.reading.facets ?? {}).facets;
    expect(told.status.status).toBe('OFFLINE');
    told.facets = merge(told.facets, told.roster.read(rowOf(1, 0)).reading.facets).facets;
    expect(told.status.status).toBe('AVAILABLE');
  });

  it('has not gone where something was heard since the list', () => {
    const told = new Told();
    told.take(told.roster.changed(rowOf(1, 5_000)));
    expect(told.roster.gone('5', T + 2_000)).toBeUndefined();
    expect(told.roster.size).toBe(1);
  });
});

describe('contacts that are listed', () => {
  const contact = (fields: object) =>
    readContactRow(new Row({ contactId: 77, agentId: 5, mediaTypeId: 4, stateId: 4, ...fields }));

  it('settle what a state leaves open', () => {
    const told = new Told();
    told.take(told.roster.changed(rowOf(3, 0, { openContacts: 2 })));
    expect(told.roster.needsContacts).toBe(true);
    const rows = [
      contact({ agentStartDate: at(10) }),
      contact({ contactId: 78, mediaTypeId: 3, agentStartDate: at(20) }),
    ];
    told.take(
      told.roster.contacts(
        rows.flatMap((row) => row ?? []),
        true,
        T + 1_000,
      ),
    );
    expect(told.roster.needsContacts).toBe(false);
    expect(told.facets).toMatchObject({ interactions: { byCall: { 77: { media: 'voice' }, 78: { media: 'chat' } } } });
    expect(told.roster.reading('5')?.open).toEqual({ voice: 1, chat: 1 });
  });

  it('prove nothing about others while the list is not whole, nor about the one that the agent has in hand', () => {
    const told = new Told();
    const list = (rows: object[], isWhole: boolean, seconds: number): void => {
      const read = rows.flatMap((fields) => contact(fields) ?? []);
      told.take(told.roster.contacts(read, isWhole, T + seconds * 1000));
    };
    const chat = { contactId: 78, mediaTypeId: 3, agentStartDate: at(0) };
    told.take(told.roster.changed(rowOf(3, 0, { openContacts: 2, contactId: 77, contactStartHandleTime: at(0) })));
    list([chat], true, 10);
    list([], false, 60);
    expect(interactionOf(told.facets, '78')?.state).toBe('CONNECTED');
    list([], true, 60);
    expect(interactionOf(told.facets, '78')?.state).toBe('CONNECTED');
    expect(told.roster.needsContacts).toBe(true);
    list([], true, 62);
    expect(interactionOf(told.facets, '78')).toMatchObject({ state: 'ENDED', at: T + 60_000 });
    expect(interactionOf(told.facets, '77')?.state).toBe('CONNECTED');
    told.take(told.roster.changed(rowOf(1, 64_000)));
    expect(interactionOf(told.facets, '77')).toMatchObject({ state: 'ENDED', at: T + 64_000 });
    list([], true, 66);
    expect(told.roster.needsContacts).toBe(false);
  });
});
