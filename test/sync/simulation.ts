import type { Stamp } from '../../src/bus/envelope.ts';
import { type Part, partOf } from '../../src/config/topology.ts';
import { Watermarks } from '../../src/sync/freshness/freshness.ts';

/** Something that begins at a true time; delays are those of its further steps. All in ms. */
export type Activity = { atMs: number } & (
  | { kind: 'event'; partition: number }
  | { kind: 'heartbeat'; partition: number; writer: number; stampDelayMs: number; writeDelayMs: number }
  | { kind: 'probe'; thereMs: number; backMs: number }
  | { kind: 'jump'; byMs: number }
  /** A host stands still together with its monotonic clock: the listener's, which notices after `foundMs`, or a writer's. */
  | { kind: 'standstill'; host: 'listener' | number; forMs: number; foundMs: number }
  | { kind: 'deliver'; partition: number; count: number }
  | { kind: 'replay'; partition: number; back: number }
);

/** What was said of a partition, beside the truth, all in ms of the listener's monotonic clock. */
export interface Finding {
  saidMs: number;
  /** Since the oldest event that is not applied here was accepted; 0 if all are. */
  missingMs: number;
  /** Since the latest heartbeat applied here was stamped. */
  heardMs: number;
  /** Since the latest question that was answered with a lower beat than that heartbeat's. */
  askedMs: number;
  /** The listener's host stands still, or has stood still and has not noticed yet. */
  isUnaware: boolean;
}

interface Heard {
  stamp: Stamp;
  stampedMs: number;
}

type Step = { atMs: number; run(nowMs: number): void; finds?: true };

export const PARTITIONS = [0, 1];
const partOfLog = (partition: number): Part => partOf('main', partition);
const NEVER = Number.NEGATIVE_INFINITY;
const LIMITS = { suspectMs: 10_000, staleMs: 30_000 };

/**
 * A region with several instances, whose store's clock is set now and then, and one instance of another region that
 * listens: in true time, with everything that can delay, repeat or reorder what it hears.
 */
export class Simulation {
  readonly findings: Finding[] = [];
  readonly #watermarks = new Watermarks();
  readonly #logs = PARTITIONS.map((): (Heard | { acceptedMs: number })[] => []);
  readonly #read = PARTITIONS.map(() => 0);
  readonly #applied = PARTITIONS.map(() => 0);
  readonly #answers: { beat: number; askedMs: number }[] = [];
  readonly #rates: number[];
  readonly #standstills: Extract<Activity, { kind: 'standstill' }>[];
  #shiftMs = 0;
  #beat = 0;

  /** @param rates how fast the monotonic clocks run, the listener's first, then each writer's; 1 is right */
  constructor(activities: Activity[], rates: number[]) {
    this.#rates = rates;
    this.#standstills = activities.filter((each) => each.kind === 'standstill');
    const steps = activities.flatMap((activity) => this.#stepsOf(activity));
    // A standstill that is found at this moment is found before anything else happens.
    steps.sort((a, b) => a.atMs - b.atMs || Number(b.finds ?? false) - Number(a.finds ?? false));
    for (const { atMs, run } of steps) {
      run(atMs);
      for (const partition of PARTITIONS) this.findings.push(this.#look(partition, atMs));
    }
  }

  #stepsOf(activity: Activity): Step[] {
    const { atMs } = activity;
    switch (activity.kind) {
      case 'event':
        return [{ atMs, run: (acceptedMs) => this.#append(activity.partition, { acceptedMs }) }];
      case 'heartbeat':
        return this.#heartbeat(activity);
      case 'probe':
        return this.#probe(activity);
      case 'jump':
        return [{ atMs, run: () => this.#set(activity.byMs) }];
      case 'standstill':
        return this.#standstill(activity);
      case 'deliver':
        return [{ atMs, run: () => this.#deliver(activity.partition, activity.count) }];
      case 'replay':
        return [{ atMs, run: () => this.#goBack(activity.partition, activity.back) }];
    }
  }

  #standstill({ atMs, host, forMs, foundMs }: Extract<Activity, { kind: 'standstill' }>): Step[] {
    if (host !== 'listener') return [];
    const found = (nowMs: number): void => {
      // One that follows before it is found is found with it.
      if (!this.#isUnaware(nowMs)) this.#watermarks.dropProofs(this.#local(nowMs));
    };
    return [{ atMs: atMs + forMs + foundMs, run: found, finds: true }];
  }

  #isUnaware(nowMs: number): boolean {
    return this.#standstills.some(
      ({ host, atMs, forMs, foundMs }) => host === 'listener' && nowMs >= atMs && nowMs < atMs + forMs + foundMs,
    );
  }

  /** How long a host has stood still before a time, in ms; what several have in common counts once. */
  #lostMs(of: 'listener' | number, nowMs: number): number {
    const own = this.#standstills.filter(({ host }) => host === of).sort((a, b) => a.atMs - b.atMs);
    let [lostMs, endMs] = [0, NEVER];
    for (const { atMs, forMs } of own) {
      const fromMs = Math.max(atMs, endMs);
      endMs = Math.max(endMs, atMs + forMs);
      lostMs += Math.max(0, Math.min(nowMs, endMs) - fromMs);
    }
    return lostMs;
  }

  /** When a host does what is due at a time: when it goes on, if it stands still then. */
  #awake(of: number, dueMs: number): number {
    const during = this.#standstills.find(
      ({ host, atMs, forMs }) => host === of && dueMs >= atMs && dueMs < atMs + forMs,
    );
    return during ? this.#awake(of, during.atMs + during.forMs) : dueMs;
  }

  #heartbeat({
    atMs,
    partition,
    writer,
    stampDelayMs,
    writeDelayMs,
  }: Extract<Activity, { kind: 'heartbeat' }>): Step[] {
    const heard: Heard = { stamp: { beat: 0, writer: `w${writer}`, steadyMs: 0, leaving: false }, stampedMs: 0 };
    const take = (nowMs: number): void => {
      heard.stamp.beat = this.#takeBeat(nowMs);
      const count = this.#standstills.filter(({ host, atMs: from }) => host === writer && from <= nowMs).length;
      heard.stamp.writer = `w${writer}+${count}`;
    };
    const stamp = (nowMs: number): void => {
      heard.stampedMs = nowMs;
      heard.stamp.steadyMs = (nowMs - this.#lostMs(writer, nowMs)) * (this.#rates[writer + 1] ?? 1) + writer * 1e9;
    };
    const awake = (dueMs: number): number => this.#awake(writer, dueMs);
    return [
      { atMs: awake(atMs), run: take },
      { atMs: awake(atMs + stampDelayMs), run: stamp },
      { atMs: awake(atMs + stampDelayMs + writeDelayMs), run: () => this.#append(partition, heard) },
    ];
  }

  #probe({ atMs, thereMs, backMs }: Extract<Activity, { kind: 'probe' }>): Step[] {
    let question = this.#watermarks.ask(0);
    let beat = 0;
    const ask = (nowMs: number): void => {
      question = this.#watermarks.ask(this.#local(nowMs));
    };
    const take = (nowMs: number): void => {
      beat = this.#takeBeat(nowMs);
    };
    const answer = (): void => {
      this.#watermarks.answer(question, beat);
      this.#answers.push({ beat, askedMs: question.askedMs });
    };
    return [
      { atMs, run: ask },
      { atMs: atMs + thereMs, run: take },
      { atMs: atMs + thereMs + backMs, run: answer },
    ];
  }

  /** As `beat.lua` does. */
  #takeBeat(nowMs: number): number {
    this.#beat = Math.max(this.#beat + 1, Math.round(nowMs + this.#shiftMs));
    return this.#beat;
  }

  #set(byMs: number): void {
    this.#shiftMs += byMs;
  }

  #goBack(partition: number, back: number): void {
    this.#read[partition] = Math.max(0, (this.#read[partition] ?? 0) - back);
  }

  #append(partition: number, entry: Heard | { acceptedMs: number }): void {
    this.#logs[partition]?.push(entry);
  }

  #deliver(partition: number, count: number): void {
    const log = this.#logs[partition] ?? [];
    const from = this.#read[partition] ?? 0;
    const to = Math.min(log.length, from + count);
    this.#read[partition] = to;
    this.#applied[partition] = Math.max(this.#applied[partition] ?? 0, to);
    for (const entry of log.slice(from, to))
      if ('stamp' in entry) this.#watermarks.applied(partOfLog(partition), entry.stamp);
  }

  #look(partition: number, nowMs: number): Finding {
    const log = this.#logs[partition] ?? [];
    const isHeard = (entry: object): entry is Heard => 'stamp' in entry;
    const applied = log.slice(0, this.#applied[partition]).filter(isHeard);
    const { stamp, stampedMs } = applied.toSorted((a, b) => a.stamp.beat - b.stamp.beat).at(-1) ?? {};
    const missing = log.slice(this.#applied[partition]).flatMap((each) => (isHeard(each) ? [] : [each.acceptedMs]));
    const asked = this.#answers.filter(({ beat }) => stamp && beat < stamp.beat).map(({ askedMs }) => askedMs);
    const sinceMs = (thenMs: number): number => (nowMs - thenMs) * (this.#rates[0] ?? 1);
    return {
      saidMs: this.#watermarks.standing(partOfLog(partition), this.#local(nowMs), LIMITS).ageMs,
      missingMs: sinceMs(Math.min(nowMs, ...missing)),
      heardMs: sinceMs(stampedMs ?? NEVER),
      askedMs: this.#local(nowMs) - Math.max(NEVER, ...asked),
      isUnaware: this.#isUnaware(nowMs),
    };
  }

  #local(trueMs: number): number {
    return (trueMs - this.#lostMs('listener', trueMs)) * (this.#rates[0] ?? 1) + 7_000;
  }
}
