import { SETTLE_OPS, type SettleOp } from '../ops/history-line.ts';
import { WORLD_OPS } from '../ops/world-line.ts';
import type { Touched } from './claims.ts';
import { isSettle, type Line } from './read.ts';

export interface Counts {
  /** Instances that wrote. */
  processes: number;
  /** Lines of callers: requests, requests without an answer, and calls that ended. */
  callers: { asked: number; unanswered: number; over: number };
  regions: string[];
  /** From the first line to the last, in ms. */
  spanMs: number;
  claims: {
    invoked: number;
    /** Claims, each counted once. */
    granted: number;
    /** Grants that no replica had acknowledged. */
    unreplicated: number;
    unknown: number;
    /** Delegated grants. */
    verified: number;
    refused: Record<string, number>;
  };
  /** Reported claim conflicts. */
  conflicts: { certain: number; possible: number };
  settles: Record<SettleOp, { ok: number; refused: number }>;
  events: {
    accepted: number;
    applied: number;
    duplicate: number;
    outdated: number;
    dead_letter: number;
    lost: number;
  };
  /** Reads of agents. */
  answers: { told: number; stale: number; vouched: number };
}

/** Largest number of reasons counted separately; the others are counted as `other`. */
const MAX_REASONS = 50;

/** Whether the line is not an instance's. */
function isForeign(line: Line): boolean {
  return line.op === 'caller' || WORLD_OPS.some((op) => op === line.op);
}

export class Counter {
  readonly counts: Counts = {
    processes: 0,
    callers: { asked: 0, unanswered: 0, over: 0 },
    regions: [],
    spanMs: 0,
    claims: { invoked: 0, granted: 0, unreplicated: 0, unknown: 0, verified: 0, refused: {} },
    conflicts: { certain: 0, possible: 0 },
    settles: Object.fromEntries(SETTLE_OPS.map((op) => [op, { ok: 0, refused: 0 }])) as Counts['settles'],
    events: { accepted: 0, applied: 0, duplicate: 0, outdated: 0, dead_letter: 0, lost: 0 },
    answers: { told: 0, stale: 0, vouched: 0 },
  };
  readonly #processes = new Set<string>();
  #firstT: number | undefined;

  see(line: Line, touched: Touched | undefined): void {
    const { claims, settles, events, conflicts, answers } = this.counts;
    this.#firstT ??= line.t;
    this.counts.spanMs = line.t - this.#firstT;
    if (!isForeign(line)) this.#processes.add(`${line.region}\n${line.process}`);
    this.counts.processes = this.#processes.size;
    if (line.op === 'caller') this.#caller(line);
    else if (line.op === 'event') events[line.phase]++;
    else if (line.op === 'claim') this.#claim(line, touched);
    else if (isSettle(line)) settles[line.op][line.phase]++;
    if (touched?.step === 'granted' && !touched.claim.replicated) claims.unreplicated++;
    if (touched?.step === 'granted' && touched.claim.verified) claims.verified++;
    if (line.op === 'conflict') conflicts[line.overlap]++;
    if (line.op !== 'agent') return;
    answers.told++;
    if (line.stale) answers.stale++;
    if (line.vouched_ms !== undefined) answers.vouched++;
  }

  #caller({ phase }: Line & { op: 'caller' }): void {
    const { callers } = this.counts;
    if (phase !== 'answered') callers[phase]++;
    if (phase !== 'over') callers.asked++;
  }

  #claim(line: Line & { op: 'claim' }, touched: Touched | undefined): void {
    const { claims } = this.counts;
    if (line.phase === 'invoke') claims.invoked++;
    else if (line.phase === 'unknown') claims.unknown++;
    else if (line.phase === 'ok') claims.granted += touched?.step === 'granted' ? 1 : 0;
    else {
      const { refused } = claims;
      const isListed = line.reason in refused || Object.keys(refused).length < MAX_REASONS;
      const reason = isListed ? line.reason : 'other';
      refused[reason] = (refused[reason] ?? 0) + 1;
    }
  }
}
