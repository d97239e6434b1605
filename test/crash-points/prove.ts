import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';
import { judgeHealed, judgeMoment, type Ledger } from './judge.ts';
import { AT_ANY_TIME, BESIDE, LANES, type Lane, POINTS, type Point, pointName } from './names.ts';
import type { Fault, Regions } from './regions.ts';
import { BusReader, readStore } from './snapshot.ts';
import { Story } from './story.ts';
import { Recorder, Trap } from './trap.ts';
import { until } from './until.ts';

const REACH_LIMIT_MS = 60_000;
/** Until a region has caught up with what it has missed. */
const HEAL_LIMIT_MS = 60_000;
const JUDGE_EVERY_MS = 150;
const AGAIN_MS = 50;
const MOST_SAID = 6;

/** A point, and what is broken there. */
export interface Trial {
  point: Point;
  fault: Fault;
}

/**
 * Where a master can lose what it has acknowledged: right after it has written. What no replica has acknowledged goes no further, so
 * the later points of a lane are not reached.
 */
const LOSSY = ['commit', 'claim', 'settle', 'outbox-read', 'beat', 'bus-read'];

export const TRIALS: readonly Trial[] = [
  ...POINTS.map((point) => ({ point, fault: 'kill' }) as const),
  ...POINTS.map((point) => ({ point, fault: 'failover' }) as const),
  ...POINTS.filter(({ command, direction }) => direction === 'answered' && LOSSY.includes(command)).map(
    (point) => ({ point, fault: 'lossy' }) as const,
  ),
];

export const trialName = ({ point, fault }: Trial): string => `${fault}:${pointName(point)}`;

/** Proves points, one after the other, on the same two regions. */
export class Proof {
  readonly #regions: Regions;
  readonly #ledger: Ledger = { events: [], claims: [], broken: [] };
  readonly #bus = new BusReader();
  #stories = 0;

  constructor(regions: Regions) {
    this.#regions = regions;
  }

  /** Plays each lane once without a fault. @returns commands that no point names, and points that no command reaches */
  async record(): Promise<string[]> {
    const said: string[] = [];
    for (const lane of Object.keys(LANES) as Lane[]) {
      const story = this.#story(lane);
      await story.begin();
      await this.#settle();
      const recorder = new Recorder(lane, story.subject);
      this.#regions.wires.watcher = recorder;
      const missing = (): string[] =>
        LANES[lane]
          .flatMap((name) => ['sent', 'answered'].map((way) => `${name}:${way}`))
          .filter((each) => !recorder.ofStep.has(each));
      await repeated(() => story.step(), new Promise(() => {}));
      await until('every point', async () => missing().length === 0, { limitMs: REACH_LIMIT_MS }).catch(
        () => undefined,
      );
      this.#regions.wires.watcher = undefined;
      said.push(...missing().map((each) => `no command reaches ${lane}:${each}`));
      const isKnown = (name: string) =>
        (LANES[lane] as readonly string[]).includes(name) || AT_ANY_TIME.has(name) || BESIDE.has(name);
      said.push(
        ...[...recorder.names]
          .filter((name) => !isKnown(name))
          .map((name) => `${lane} has a command that no point names: ${name}`),
      );
      await story.end();
      said.push(...(await this.#settle()));
      if (said.length > 0) break;
    }
    return said;
  }

  /** Breaks something at a point, and heals it. @returns what does not hold */
  async at({ point, fault }: Trial): Promise<string[]> {
    const regions = this.#regions;
    const story = this.#story(point.lane);
    const said: string[] = [];
    await story.begin();
    said.push(...(await this.#settle()));
    await regions.prepare(fault);
    const strike = async (): Promise<void> => {
      await regions.strike(fault);
      said.push(...(await this.#moment()));
    };
    const trap = new Trap(point, fault, story.subject, strike);
    regions.wires.watcher = trap;
    const stepped = repeated(() => story.step(), trap.sprung);
    const isReached = await reached(trap.sprung);
    regions.wires.watcher = undefined;
    if (!isReached) said.push('the point was not reached');
    if (isReached || fault === 'lossy') await regions.heal(fault);
    await stepped;
    await story.end();
    said.push(...(await this.#settle()));
    return [...new Set(said)].slice(0, MOST_SAID);
  }

  #story(lane: Lane): Story {
    return new Story(this.#regions, this.#ledger, lane, this.#stories++);
  }

  /** Judges what is there while nothing of `eu` moves. */
  async #moment(): Promise<string[]> {
    const store = await readStore(this.#regions.eu, 'us');
    const bus = await this.#bus.read(this.#regions.bus);
    return judgeMoment('eu', 'us', store, bus, this.#ledger);
  }

  /** Waits until all holds. @returns what does not in the end */
  async #settle(): Promise<string[]> {
    const { eu, us, bus } = this.#regions;
    let said: string[] = [];
    const judge = async (): Promise<boolean> => {
      const stores = { eu: await readStore(eu, 'us'), us: await readStore(us, 'eu') };
      said = judgeHealed(stores, await this.#bus.read(bus), this.#ledger);
      return said.length === 0;
    };
    try {
      await until('all to hold', judge, { limitMs: HEAL_LIMIT_MS, pollMs: JUDGE_EVERY_MS });
    } catch (error) {
      said.push(...(said.length === 0 && error instanceof Error ? [error.message] : []));
    }
    return said;
  }
}

/** Repeats a step until it is acknowledged or its trap springs, as on a machine that is too busy for the first attempt. */
async function repeated(step: () => Promise<boolean>, sprung: Promise<void>): Promise<void> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  sprung.then(end, end);
  const deadlineMs = systemClock.monotonicMs() + REACH_LIMIT_MS;
  while (!isOver && systemClock.monotonicMs() < deadlineMs && !(await step())) await delay(AGAIN_MS);
}

/** Whether the trap springs in time. @throws the error of the fault */
async function reached(sprung: Promise<void>): Promise<boolean> {
  const late = new AbortController();
  const limit = delay(REACH_LIMIT_MS, false, { signal: late.signal }).catch(() => false);
  try {
    return await Promise.race([sprung.then(() => true), limit]);
  } finally {
    late.abort();
  }
}
