import fc from 'fast-check';
import { systemClock } from '../../src/ops/clock.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import type { Bounds, Plan } from './plan.ts';
import { plans } from './plan.ts';
import { NOTHING_SEEN, Play, type Seen } from './play.ts';
import type { Stage } from './stores.ts';

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
  isBounded: boolean;
}

/** All pools of a proof, and more than a bounded walk looks at. */
export const EVERYTHING: Bounds = { inLine: 900, lapsed: 40 };

/** How many failures are shrunk, and how long each, in ms. */
const SHRUNK = 3;
const SHRINKING_MS = 20_000;

/** Plays pools against a store. A full scan by `src/agent` judges each answer. */
export async function prove(stage: Stage, { pools, seed, bounds, isBounded }: Terms): Promise<Proof> {
  const startedMs = systemClock.monotonicMs();
  const proof: Proof = {
    ...{ passed: 0, failed: 0, skipped: 0, counterExamples: [], kinds: new Map(), tookMs: 0 },
    seen: { ...NOTHING_SEEN },
  };
  const arbitrary = plans(bounds);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < pools) {
      const at = seed + next++;
      const outcome = await playOne(stage, arbitrary, at, proof, isBounded ? bounds : undefined);
      proof[outcome]++;
    }
  };
  await Promise.all(Array.from({ length: stage.atOnce }, work));
  proof.tookMs = systemClock.monotonicMs() - startedMs;
  return proof;
}

async function playOne(
  stage: Stage,
  arbitrary: fc.Arbitrary<Plan>,
  seed: number,
  proof: Proof,
  bounds: Bounds | undefined,
): Promise<'passed' | 'failed' | 'skipped'> {
  let isSkipped = false;
  const shrinks = proof.failed < SHRUNK && proof.counterExamples.length < SHRUNK;
  const property = fc.asyncProperty(arbitrary, async (plan) => {
    try {
      await new Play(plan, stage.pool(plan.ranking), stage.times, proof.seen, bounds).run();
    } catch (error) {
      if (!(error instanceof ShardUnavailable)) throw error;
      isSkipped = true;
    }
  });
  const { failed, counterexample, errorInstance } = await fc.check(property, {
    ...{ seed, numRuns: 1, endOnFailure: !shrinks },
    plugins: [fc.interruptAfterTimeLimit(SHRINKING_MS)],
  });
  if (!failed) return isSkipped ? 'skipped' : 'passed';
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const kind = reason
    .replace(/^act .*?\): /, '')
    .replace(/\S*\d\S*/g, '…')
    .slice(0, 80);
  proof.kinds.set(kind, (proof.kinds.get(kind) ?? 0) + 1);
  if (proof.counterExamples.length < SHRUNK) {
    const pool = fc.stringify((counterexample as [Plan])[0]);
    proof.counterExamples.push(`${stage.name}, --pools 1 --seed ${seed}: ${reason}\n  ${pool}`);
  }
  return 'failed';
}
