import fc from 'fast-check';
import { systemClock } from '../../src/ops/clock.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { plans } from './kinds.ts';
import type { Bounds, Plan } from './plan.ts';
import { NOTHING_SEEN, Play, type Seen } from './play.ts';
import { playUntilThere, type Stage } from './stores.ts';

export interface Proof {
  passed: number;
  failed: number;
  /** The store was away; these prove nothing. */
  skipped: number;
  /** The first failures, each with its seed and the smallest pool that fails. */
  counterExamples: string[];
  /** Failures by what was wrong. */
  kinds: Map<string, number>;
  seen: Seen;
  tookMs: number;
}

interface Terms {
  pools: number;
  /** Pool `n` is that of seed + n. */
  seed: number;
  /** Leaves out what is beyond them. */
  bounds: Bounds;
}

/** All pools of a proof, and more than a bounded walk looks at. */
export const EVERYTHING: Bounds = { inLine: 900, lapsed: Number.POSITIVE_INFINITY, countsWrapUps: true };

/** Kinds of failures of which one is shrunk, and how long that may take, in ms. */
const SHRUNK = 3;
const SHRINKING_MS = 20_000;

/** Plays pools against a store. A full scan by `src/agent` judges each answer. */
export async function prove(stage: Stage, { pools, seed, bounds }: Terms): Promise<Proof> {
  const startedMs = systemClock.monotonicMs();
  const proof: Proof = {
    ...{ passed: 0, failed: 0, skipped: 0, counterExamples: [], kinds: new Map(), tookMs: 0 },
    seen: { ...NOTHING_SEEN },
  };
  const arbitrary = plans(bounds);
  const play = (plan: Plan, seen: Seen) => new Play(plan, stage.pool(plan.ranking), stage.times, seen, bounds).run();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < pools) {
      const at = seed + next++;
      const outcome = await outcomeOf(() => checked(arbitrary, at, false, (plan) => play(plan, proof.seen)));
      if (typeof outcome === 'string') proof[outcome]++;
      else await note(outcome, at);
    }
  };
  const note = async (failure: Failure, at: number): Promise<void> => {
    proof.failed++;
    const kind = kindOf(failure.reason);
    const count = proof.kinds.get(kind) ?? 0;
    proof.kinds.set(kind, count + 1);
    if (count > 0 || proof.kinds.size > SHRUNK) return;
    const shrunk = await outcomeOf(() => checked(arbitrary, at, true, (plan) => play(plan, { ...NOTHING_SEEN })));
    const { reason, plan } = typeof shrunk === 'string' ? failure : shrunk;
    proof.counterExamples.push(`${stage.name}, --pools 1 --seed ${at}: ${reason}\n  ${JSON.stringify(plan)}`);
  };
  await Promise.all(Array.from({ length: stage.atOnce }, work));
  proof.tookMs = systemClock.monotonicMs() - startedMs;
  return proof;
}

interface Failure {
  reason: string;
  plan: Plan;
}

async function outcomeOf(check: () => Promise<Failure | undefined>): Promise<'passed' | 'skipped' | Failure> {
  try {
    return (await playUntilThere(check)) ?? 'passed';
  } catch (error) {
    if (error instanceof ShardUnavailable) return 'skipped';
    throw error;
  }
}

/** @throws ShardUnavailable if the store was away in a play, and none failed */
async function checked(
  arbitrary: fc.Arbitrary<Plan>,
  seed: number,
  shrinks: boolean,
  play: (plan: Plan) => Promise<void>,
): Promise<Failure | undefined> {
  let away: ShardUnavailable | undefined;
  const property = fc.asyncProperty(arbitrary, async (plan) => {
    try {
      await play(plan);
    } catch (error) {
      if (!(error instanceof ShardUnavailable)) throw error;
      away = error;
    }
  });
  const { failed, counterexample, errorInstance } = await fc.check(property, {
    ...{ seed, numRuns: 1, endOnFailure: !shrinks },
    plugins: shrinks ? [fc.interruptAfterTimeLimit(SHRINKING_MS)] : [],
  });
  if (failed) {
    const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    // Interrupted before the first play was over: nothing is known yet.
    if (!counterexample) return undefined;
    const [plan] = counterexample as [Plan];
    return { reason, plan };
  }
  if (away) throw away;
  return undefined;
}

/** A failure without what is its own: acts, agents, numbers. */
const kindOf = (reason: string): string =>
  reason
    .replace(/^act .*?\): /, '')
    .replace(/\S*\d\S*/g, '…')
    .slice(0, 80);
