import { join } from 'node:path';
import type { CallerAnsweredLine, CallerAsk, CallerLine } from '../../src/ops/caller-line.ts';
import type { CallConflictLine } from '../../src/ops/history-line.ts';
import { Journal } from '../../src/ops/journal.ts';
import type { Origin } from '../../src/ops/line-origin.ts';
import { HELD_MS, type Histories } from './histories.ts';

type Told = Partial<Omit<CallerAnsweredLine, 'op' | 'phase'>>;

/** The ledger of callers, with what most tests do not care about filled in. */
export class LedgerLines {
  readonly file: string;
  readonly #world: Histories;
  readonly #region: string;
  readonly #journal: Journal;

  /** @param region that is asked */
  constructor(world: Histories, region = 'eu') {
    this.#world = world;
    this.#region = region;
    this.file = join(world.dir, 'callers.jsonl');
    this.#journal = new Journal(this.file, { error: () => {} });
    world.keep(this.file, this.#journal);
  }

  /** An answer; by default it grants, now, for as long as claims are held. */
  told(asked: CallerAsk, call: string, agent: string, fence: number, more: Told = {}): void {
    const given = asked === 'release' || asked === 'complete' || asked === 'refused' ? 0 : HELD_MS;
    const answer = more.code === undefined ? { mode: 'home', held_ms: given } : {};
    const status = more.code === undefined ? (asked === 'claim' ? 201 : 200) : 409;
    const named = { call, agent, fence, claim: `${agent}~${fence}`, url: 'http://eu', since: this.#world.now };
    this.#append({ op: 'caller', phase: 'answered', asked, ...named, status, ...answer, ...more } as CallerLine);
  }

  unanswered(asked: CallerAsk, call: string, agent: string, fence: number, since = this.#world.now): void {
    const named = { call, agent, fence, claim: `${agent}~${fence}`, url: 'http://eu', since };
    this.#append({ op: 'caller', phase: 'unanswered', asked, ...named } as CallerLine);
  }

  over(call: string, agent: string): void {
    this.#append({ op: 'caller', phase: 'over', call, agent } as CallerLine, '');
  }

  /** What a region reports; it stands in no ledger, but where it stands makes no difference. */
  reported(
    { call, kept, lost }: Pick<CallConflictLine, 'call' | 'kept' | 'lost'>,
    outcome: CallConflictLine['outcome'] = 'both_confirmed',
  ): void {
    this.#append({ op: 'call_conflict', phase: 'reported', call, kept, lost, outcome } as never);
  }

  #append(line: CallerLine, region = this.#region): void {
    const { monotonicMs, nowMs } = this.#world.clock;
    const origin: Origin = { t: monotonicMs(), at: nowMs(), region, process: 'callers' };
    this.#journal.append({ ...origin, ...line });
  }
}
