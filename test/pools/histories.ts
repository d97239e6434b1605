import { readFile, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type Act, Actor, act } from '../store/acts.ts';
import { Comparable } from '../store/comparable.ts';
import { plans } from './kinds.ts';
import { Wrong } from './ledger.ts';
import type { Bounds, Plan } from './plan.ts';
import { NOTHING_SEEN, Play } from './play.ts';
import { playUntilThere, type Stage } from './stores.ts';

/*
 * Histories: what a store answered to sequences of acts, without what only one run can know. Played again on other code, they
 * show whether it answers the same. A file holds the acts, too, so it does not depend on the generator.
 */

/** Acts of a few agents of every kind, or a plan of a pool. */
type Sequence = { acts: Act[] } | { plan: Plan };
type History = Sequence & { answers: unknown[] };

/** Pools in which every walk finds whom it should. */
const RECORDED: Bounds = { inLine: 400, lapsed: 8, countsWrapUps: true };
/** Index of the ranking for sequences of acts: one with bonuses, and with one for surplus. */
const RANKING = 2;
/** No two acts are of one moment. */
const PAUSE_MS = 3;
/** Differences that are printed. */
const SHOWN = 20;

/** Records sequences, half of them acts and half of them pools. */
export async function record(stage: Stage, file: string, count: number, seed: number): Promise<string> {
  const acts = fc.sample(fc.array(act, { minLength: 5, maxLength: 40 }), { seed, numRuns: Math.ceil(count / 2) });
  const pools = fc.sample(plans(RECORDED), { seed, numRuns: Math.floor(count / 2) });
  const sequences = asStored([
    ...acts.map((each) => ({ acts: each })),
    ...pools.map((plan) => ({ plan })),
  ]) as Sequence[];
  const histories = await inParallel(stage, sequences, async (sequence): Promise<History> => {
    return { ...sequence, answers: await playUntilThere(() => answersTo(stage, sequence)) };
  });
  await writeFile(file, JSON.stringify({ seed, histories }));
  const answers = histories.reduce((sum, history) => sum + history.answers.length, 0);
  return `${histories.length} sequences with ${answers} answers, of them ${claimsIn(histories)} to claims`;
}

interface Replayed {
  lines: string[];
  /** Sequences whose answers are the same, and others. */
  same: number;
  different: number;
}

/** Plays recorded sequences again, and compares the answers. */
export async function replay(stage: Stage, file: string): Promise<Replayed> {
  const { histories } = JSON.parse(await readFile(file, 'utf8')) as { histories: History[] };
  const compared = await inParallel(stage, histories, async (history, i) => {
    const now = await playUntilThere(() => answersTo(stage, history));
    const at = now.findIndex((answer, n) => !isDeepStrictEqual(answer, history.answers[n]));
    const isSame = at < 0 && now.length === history.answers.length;
    return isSame ? undefined : describe(history, i, at < 0 ? Math.min(now.length, history.answers.length) : at, now);
  });
  const different = compared.filter((each) => each !== undefined);
  const others = different.filter(({ isOtherAgent }) => isOtherAgent).length;
  return {
    lines: [
      ...different.slice(0, SHOWN).map(({ line }) => line),
      `${claimsIn(histories)} claims compared; another agent or verdict first in ${others} of ${histories.length} sequences`,
    ],
    same: histories.length - different.length,
    different: different.length,
  };
}

function describe(history: History, sequence: number, at: number, now: unknown[]) {
  const what = 'acts' in history ? history.acts[at] : `answer ${at}`;
  const [before, after] = [history.answers[at], now[at]];
  const isOtherAgent = !isDeepStrictEqual(given(before), given(after));
  const line = `✗ sequence ${sequence}, ${JSON.stringify(what)}:\n  was ${JSON.stringify(before)}\n  is  ${JSON.stringify(after)}`;
  return { line, isOtherAgent };
}

/** Who was given, and how. */
function given(answer: unknown): unknown[] {
  const { verdict, agentId, agent } = (answer ?? {}) as Record<string, unknown>;
  return [verdict, agentId ?? agent];
}

const claimsIn = (histories: History[]): number =>
  histories.flatMap(({ answers }) => answers).filter((answer) => given(answer)[0] !== undefined).length;

async function answersTo(stage: Stage, sequence: Sequence): Promise<unknown[]> {
  const pool = stage.pool('plan' in sequence ? sequence.plan.ranking : RANKING);
  const answers: unknown[] = [];
  if ('plan' in sequence) {
    const play = new Play(sequence.plan, pool, { ...stage.times, pauseMs: PAUSE_MS }, { ...NOTHING_SEEN }, RECORDED);
    const wrong = await play.run().then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof Wrong) return error.message;
        throw error;
      },
    );
    answers.push(...play.answers, ...(wrong === undefined ? [] : [{ wrong }]));
  } else {
    const actor = new Actor(pool);
    const comparable = new Comparable(actor);
    await actor.begin();
    for (const what of sequence.acts) {
      answers.push(comparable.of(await actor.perform(what)));
      await stage.times.pass(PAUSE_MS);
    }
  }
  return JSON.parse(JSON.stringify(answers).replaceAll(pool.name, 'pool')) as unknown[];
}

const asStored = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

async function inParallel<T, R>(stage: Stage, all: T[], work: (one: T, i: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const go = async (): Promise<void> => {
    while (next < all.length) {
      const i = next++;
      results[i] = await work(all[i] as T, i);
    }
  };
  await Promise.all(Array.from({ length: stage.atOnce }, go));
  return results;
}
