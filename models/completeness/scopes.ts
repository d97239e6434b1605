import type { Property } from './properties.ts';
import { DESIGN, IN_PAGES, MISREAD, type Protocol, REJECTED, WITH_TOMBSTONES } from './protocol.ts';
import type { Scope } from './state.ts';

const SMALL: Scope = {
  readers: 1,
  instances: 1,
  changes: 2,
  faults: 1,
  learns: 1,
  enters: false,
  room: 2,
  start: 'proven',
};
const UNTOUCHED: Scope = { ...SMALL, learns: 0 };
const NEW: Scope = { ...SMALL, start: 'new', learns: 0 };
const LONGER: Scope = { ...SMALL, changes: 3, room: 1 };

/** Where the design must break nothing: also wherever a counterexample of another protocol was found. */
export const HOLDS: [Protocol, Scope][] = [
  [DESIGN, SMALL],
  [DESIGN, UNTOUCHED],
  [DESIGN, NEW],
  [DESIGN, LONGER],
  [DESIGN, { ...UNTOUCHED, enters: true }],
  [DESIGN, { ...SMALL, instances: 2 }],
  [DESIGN, { ...UNTOUCHED, readers: 2, room: 1 }],
  [DESIGN, { ...SMALL, faults: 2, room: 1 }],
  [IN_PAGES, SMALL],
  [WITH_TOMBSTONES, SMALL],
  [WITH_TOMBSTONES, UNTOUCHED],
  [IN_PAGES, LONGER],
];

/** More of the same, for minutes instead of seconds. */
export const HOLDS_WIDELY: [Protocol, Scope][] = [
  [DESIGN, { ...SMALL, changes: 3 }],
  [DESIGN, { ...SMALL, faults: 2, learns: 2 }],
  [DESIGN, { ...LONGER, faults: 2 }],
  [DESIGN, { ...NEW, changes: 2, faults: 2, learns: 1, room: 1 }],
  [DESIGN, { ...SMALL, readers: 2 }],
  [DESIGN, { ...UNTOUCHED, enters: true, readers: 2, room: 1 }],
  [DESIGN, { ...LONGER, enters: true }],
  [DESIGN, { ...SMALL, changes: 3, instances: 2 }],
  [DESIGN, { ...UNTOUCHED, changes: 4, room: 1, learns: 1 }],
  [WITH_TOMBSTONES, LONGER],
  [WITH_TOMBSTONES, { ...SMALL, faults: 2 }],
  [WITH_TOMBSTONES, { ...NEW, learns: 1 }],
  [WITH_TOMBSTONES, { ...UNTOUCHED, readers: 2, room: 1 }],
  [IN_PAGES, { ...SMALL, changes: 3 }],
  [IN_PAGES, { ...SMALL, instances: 2, faults: 2, room: 1 }],
];

/** Where another protocol breaks a property, and which. */
export const BREAKS: [Protocol, Scope, Property][] = [
  [REJECTED.plainDigest, UNTOUCHED, 'ends complete'],
  [REJECTED.plainDigest, SMALL, 'no false alarm'],
  [REJECTED.listsWithoutMark, LONGER, 'no false complete'],
  [REJECTED.listsWithoutMark, SMALL, 'no false alarm'],
  [REJECTED.uncutBatch, UNTOUCHED, 'no false alarm'],
  [REJECTED.watermarkAlone, UNTOUCHED, 'no false complete'],
  [REJECTED.pushOverwrites, SMALL, 'nothing goes back'],
  [MISREAD.neverPushed, UNTOUCHED, 'ends complete'],
  [MISREAD.pushUnanswered, UNTOUCHED, 'ends complete'],
  [MISREAD.flagBesideWatermark, UNTOUCHED, 'no false complete'],
  [MISREAD.proofInMemory, UNTOUCHED, 'no false complete'],
  [MISREAD.proofUnguarded, SMALL, 'no false complete'],
  [MISREAD.sameLineage, UNTOUCHED, 'no false complete'],
  [MISREAD.listUnacknowledged, NEW, 'only what lacks is passed over'],
  [MISREAD.lastPageProves, LONGER, 'no false complete'],
  [MISREAD.firstPageAwaited, SMALL, 'only what lacks is passed over'],
  [MISREAD.markNotAwaited, UNTOUCHED, 'only what lacks is passed over'],
];

/** Counterexamples that take longer to find. */
export const BREAKS_WIDELY: [Protocol, Scope, Property][] = [
  [MISREAD.listUnacknowledged, { ...LONGER, faults: 2 }, 'no false complete'],
];

/** For people. */
export const worded = ({ readers, instances, changes, faults, learns, enters, room, start }: Scope): string =>
  `${start}, readers ${readers}, instances ${instances}, changes ${changes}, faults ${faults}, learns ${learns}, room ${room}${enters ? ', changes enter at readers, too' : ''}`;
