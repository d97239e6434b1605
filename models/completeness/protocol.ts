/** How regions find out whether they hold all that a home lists. The design, and what was rejected. */
export interface Protocol {
  name: string;
  /**
   * What makes a partition complete. `list`: the home's list, compared when its mark is applied here; a digest that differs is
   * only a suspicion. `digest`: equal digests; others take completeness away, and everything is pulled. `equal lists`: the list
   * is compared when it arrives, and must be equal.
   */
  proves: 'list' | 'digest' | 'equal lists';
  /**
   * What a region claims of itself. `proof`: complete as of the mark that was proven. `watermark`: complete as of the latest
   * heartbeat, as long as the last proof found nothing lacking. `watermark alone`: complete as of the latest heartbeat.
   */
  claims: 'proof' | 'watermark' | 'watermark alone';
  /** What is done with what is held beyond the home's list. */
  pushes: 'merged' | 'overwritten' | 'never';
  /** Whether the batch is cut at the heartbeat before digests are compared. */
  cuts: boolean;
  /** Whether the home has a replica acknowledge what it lists before it answers. */
  waits: boolean;
  /** Whether a home that lost acknowledged writes goes on under another lineage before it says anything. */
  names: boolean;
  /** Where a proof is kept. `store`: in the slot of the records, lost with them. `memory`: it survives the records. */
  keeps: 'store' | 'memory';
  /** Whether comparing and writing the proof are one step, or refused if the store lost anything in between. */
  guards: boolean;
  /**
   * Whether the second version of `b` is a tombstone. Then it is neither listed nor part of digests, and each store removes it by
   * its own clock, once nothing older is on its way.
   */
  forgets: boolean;
  /** Whether the home answers a push with what it holds of those agents. */
  answers: boolean;
  /** Pages of a list. Each is read at a mark of its own. */
  pages: 1 | 2;
  /** The mark that a list in pages proves. */
  provesPage: 'first' | 'last';
  /** The page whose mark must be applied here before a list is compared. */
  awaitsPage: 'first' | 'last' | 'none';
}

export const DESIGN: Protocol = {
  name: 'the design',
  proves: 'list',
  claims: 'proof',
  pushes: 'merged',
  cuts: true,
  waits: true,
  names: true,
  keeps: 'store',
  guards: true,
  forgets: false,
  answers: false,
  pages: 1,
  provesPage: 'first',
  awaitsPage: 'last',
};

export const IN_PAGES: Protocol = { ...DESIGN, name: 'the design, lists in pages', pages: 2 };

/** What the design leaves open, as it can be decided. */
export const WITH_TOMBSTONES: Protocol = {
  ...DESIGN,
  name: 'the design, with tombstones that do not count',
  forgets: true,
  answers: true,
};

/** What was considered and rejected. */
export const REJECTED = {
  plainDigest: { ...DESIGN, name: 'equal digests, and pulling one way', proves: 'digest', pushes: 'never' },
  listsWithoutMark: { ...DESIGN, name: 'equal lists, without the mark', proves: 'equal lists' },
  uncutBatch: { ...DESIGN, name: 'digests compared after the batch', proves: 'digest', cuts: false },
  watermarkAlone: { ...DESIGN, name: 'complete by the watermark alone', claims: 'watermark alone' },
  pushOverwrites: { ...DESIGN, name: 'pushing back without merging', pushes: 'overwritten' },
} as const satisfies Record<string, Protocol>;

/** What the design leaves open, decided wrongly. */
export const MISREAD = {
  flagBesideWatermark: { ...DESIGN, name: 'a proof beside a newer watermark', claims: 'watermark' },
  proofInMemory: { ...DESIGN, name: 'a proof that outlives the records', keeps: 'memory' },
  proofUnguarded: { ...DESIGN, name: 'a proof written after the comparison', guards: false },
  listUnacknowledged: { ...DESIGN, name: 'a list that no replica holds', waits: false },
  sameLineage: { ...DESIGN, name: 'a store that went back under the same lineage', names: false },
  lastPageProves: { ...IN_PAGES, name: 'pages that prove the mark of the last', provesPage: 'last' },
  firstPageAwaited: { ...IN_PAGES, name: 'pages compared at the mark of the first', awaitsPage: 'first' },
  markNotAwaited: { ...DESIGN, name: 'a list compared before its mark is applied', awaitsPage: 'none' },
  pushUnanswered: { ...WITH_TOMBSTONES, name: 'pushes that the home does not answer', answers: false },
  neverPushed: { ...DESIGN, name: 'nothing is sent to the home', pushes: 'never' },
} as const satisfies Record<string, Protocol>;
