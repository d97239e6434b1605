import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ContactRow, readContactRow, stepOfContact } from '../../src/platforms/cxone/contact.ts';
import { AgentContacts } from '../../src/platforms/cxone/contacts.ts';
import { Row } from '../../src/platforms/cxone/row.ts';
import { readStateRow, type StateRow } from '../../src/platforms/cxone/state.ts';

const T = Date.UTC(2026, 2, 2, 15);
const SECOND = 1000;
const iso = (ms: number): string => new Date(ms).toISOString();

const seconds = fc.array(
  fc.record({
    begins: fc.constantFrom(undefined, undefined, 3, 4, 9),
    ends: fc.option(fc.nat(3), { freq: 2 }),
    /** How old the row of the agent's state is that is read; undefined: none is. */
    row: fc.constantFrom(undefined, 0, 0, 1),
    isListed: fc.boolean(),
    /** Which contact falls between two pages of the list. */
    lost: fc.option(fc.nat(3), { freq: 1 }),
  }),
  { minLength: 1, maxLength: 60 },
);

interface Contact {
  contactId: number;
  mediaTypeId: number;
  sinceMs: number;
}

/** An agent as the platform knows them, second by second. */
class Platform {
  nowMs = T;
  open: Contact[] = [];
  readonly endedAt = new Map<string, number>();
  readonly #rows: StateRow[] = [];
  #startMs = T;
  #count = 0;
  #lostBefore: number | undefined;

  /** What happens, at most one thing, and then the row of the agent's state is written. */
  second(begins: number | undefined, ends: number | null): void {
    this.nowMs += SECOND;
    const wasBusy = this.open.length > 0;
    const ending = ends === null ? undefined : this.open[ends];
    if (begins !== undefined && !(begins === 4 && this.open.some(({ mediaTypeId }) => mediaTypeId === 4))) {
      this.#count += 1;
      this.open.push({ contactId: this.#count, mediaTypeId: begins, sinceMs: this.nowMs });
    } else if (ending) {
      this.open = this.open.filter((one) => one !== ending);
      this.endedAt.set(`${ending.contactId}`, this.nowMs);
    }
    if (wasBusy !== this.open.length > 0) this.#startMs = this.nowMs;
    const focus = this.open.at(-1);
    const inFocus = focus && { ...focus, contactStartHandleTime: iso(focus.sinceMs) };
    const state = { agentStateId: focus ? 3 : 1, openContacts: this.open.length, ...inFocus };
    const times = { startDate: iso(this.#startMs), lastUpdateTime: iso(this.nowMs) };
    this.#rows.push(readStateRow(new Row({ agentId: 5, ...state, ...times })) as StateRow);
  }

  /** The row as it was so many seconds ago. */
  row(ago: number): StateRow | undefined {
    return this.#rows.at(-1 - ago);
  }

  /** The same contact is never lost two times in a row: what ends before it moves it only once over a page's end. */
  list(lost: number | null): ContactRow[] {
    const gone = lost === null ? undefined : this.open[lost]?.contactId;
    const isLost = gone !== undefined && gone !== this.#lostBefore;
    this.#lostBefore = isLost ? gone : undefined;
    const listed = this.open.filter(({ contactId }) => !isLost || contactId !== gone);
    return listed.map(
      (one) =>
        readContactRow(new Row({ ...one, agentId: 5, stateId: 4, agentStartDate: iso(one.sinceMs) })) as ContactRow,
    );
  }
}

it('contacts end when they are over and not before, whatever is read late or lost on the way', () => {
  fc.assert(
    fc.property(seconds, (all) => {
      const [platform, contacts] = [new Platform(), new AgentContacts('5')];
      const judge = (told: ReturnType<AgentContacts['follow']>): void => {
        for (const { callId, state, at, connectedAt = 0 } of told) {
          if (state !== 'ENDED') continue;
          const endedAt = platform.endedAt.get(callId);
          expect(endedAt, `${callId} goes on`).toBeDefined();
          expect(at).toBeGreaterThanOrEqual(endedAt ?? 0);
          expect(at).toBeGreaterThan(connectedAt);
        }
      };
      const readList = (lost: number | null): void => {
        const rows = platform.list(lost);
        judge(contacts.missing(new Map(rows.map((row) => [row.contactId, row])), platform.nowMs));
        for (const row of rows) {
          const step = stepOfContact(row, new Map(), platform.nowMs);
          if (step) judge(contacts.take(step));
        }
      };
      let lastRowMs = 0;
      const readRow = (row: StateRow | undefined): void => {
        if (!row || row.updatedMs <= lastRowMs) return;
        lastRowMs = row.updatedMs;
        judge(contacts.follow(row));
      };
      for (const { begins, ends, row, isListed, lost } of all) {
        platform.second(begins, ends);
        if (row !== undefined) readRow(platform.row(row));
        if (isListed) readList(lost);
      }
      for (let quiet = 0; quiet < 8; quiet++) {
        platform.second(undefined, null);
        readRow(platform.row(0));
        readList(null);
      }
      expect(contacts.open.map(({ callId }) => callId).sort()).toEqual(
        platform.open.map(({ contactId }) => `${contactId}`).sort(),
      );
    }),
    { numRuns: 500 },
  );
});
