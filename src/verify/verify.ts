import { asTold } from './as-told.ts';
import { authority } from './authority.ts';
import { type Checker, Collected, type Findings } from './checker.ts';
import { Claims } from './claims.ts';
import { conflicts } from './conflicts.ts';
import { convergence } from './convergence.ts';
import { Counter, type Counts } from './counts.ts';
import { delivered } from './delivered.ts';
import { exclusive } from './exclusive.ts';
import { fence } from './fence.ts';
import { honestStaleness } from './honest-staleness.ts';
import { lapses } from './lapses.ts';
import { Ledger } from './ledger.ts';
import { monotonicApply } from './monotonic-apply.ts';
import { noLeak } from './no-leak.ts';
import { oneCall } from './one-call.ts';
import { oneHolder } from './one-holder.ts';
import { platformBudget } from './platform-budget.ts';
import { HistoryReader, inOrder, UnusableHistory } from './read.ts';
import { replicated } from './replicated.ts';
import { retry } from './retry.ts';
import { staleHolder } from './stale-holder.ts';
import { staleMarking } from './stale-marking.ts';
import { Surroundings } from './surroundings.ts';
import { toldBy } from './told.ts';

/** `not judged`: the history contains nothing that could have broken the promise. */
export type Outcome = 'kept' | 'broken' | 'not judged';

export interface CheckResult extends Findings {
  name: string;
  invariant: string;
  outcome: Outcome;
}

export interface Verdict {
  /** True if no promise was broken. */
  ok: boolean;
  lines: number;
  /** Incomplete lines of killed processes; tolerated. */
  torn: number;
  checks: CheckResult[];
  counts: Counts;
}

export interface VerifyOptions {
  /** Regions that must receive every event. Default: those that wrote a line. */
  regions?: readonly string[];
  /** Events accepted less than this before the end may still be under way, in ms. */
  graceMs?: number;
}

/**
 * Judges the ledger of the callers and the histories of instances, one file each. Reads them line by line, twice unless the
 * regions are given: memory grows with the agents, the open events and the claims of the last ten minutes, not with the lines.
 * @throws UnusableHistory if a file cannot be read or all are empty
 */
export async function verify(files: readonly string[], options: VerifyOptions = {}): Promise<Verdict> {
  const regions = options.regions ?? (await regionsIn(files));
  const unreadable = new Collected();
  const readers = files.map((file) => new HistoryReader(file, (place, reason) => unreadable.add(reason, [place])));
  const claims = new Claims();
  const surroundings = new Surroundings();
  const ledger = new Ledger();
  const byCallers: Checker[] = [
    oneHolder(ledger),
    asTold(surroundings),
    replicated(surroundings),
    oneCall(ledger),
    toldBy(ledger, claims),
  ];
  const byServers: Checker[] = [
    exclusive(claims),
    fence(claims),
    staleHolder(claims),
    authority(surroundings),
    conflicts(claims),
    retry(claims),
    noLeak(surroundings),
    lapses(claims),
    delivered({ regions, graceMs: options.graceMs ?? 0 }),
    monotonicApply(),
    convergence(),
    honestStaleness(surroundings),
    staleMarking(surroundings),
    platformBudget(surroundings),
  ];
  const counter = new Counter();
  for await (const line of inOrder(readers)) {
    unreadable.judged++;
    surroundings.see(line);
    const touched = claims.see(line);
    const heard = ledger.see(line);
    counter.see(line, touched);
    for (const checker of [...byCallers, ...byServers]) checker.see(line, touched, heard);
  }
  const lines = unreadable.judged;
  if (lines === 0) throw new UnusableHistory(`no line of a history in ${files.join(', ')}`);
  const invariant = 'Every line can be read, and each file is in the order of time.';
  const checks = [
    ...byCallers.map((checker) => resultOf(checker)),
    resultOf({ name: 'readable', invariant, finish: () => unreadable }),
    ...byServers.map((checker) => resultOf(checker)),
  ];
  const { counts } = counter;
  counts.regions = [...regions];
  counts.events.lost = checks.find(({ name }) => name === 'delivered')?.total ?? 0;
  const torn = readers.reduce((sum, reader) => sum + reader.torn, 0);
  return { ok: checks.every(({ outcome }) => outcome !== 'broken'), lines, torn, checks, counts };
}

function resultOf({ name, invariant, finish }: Pick<Checker, 'name' | 'invariant' | 'finish'>): CheckResult {
  const { judged, total, violations } = finish();
  const outcome = total > 0 ? 'broken' : judged > 0 ? 'kept' : 'not judged';
  return { name, invariant, outcome, judged, total, violations };
}

async function regionsIn(files: readonly string[]): Promise<string[]> {
  const regions = new Set<string>();
  for (const file of files) {
    const reader = new HistoryReader(file, () => {});
    for (let line = await reader.next(); line; line = await reader.next()) regions.add(line.region);
  }
  regions.delete(''); // lines about the world without a region
  return [...regions].sort();
}
