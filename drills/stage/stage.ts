import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';
import type { BusDriver } from '../../world/bus/bus.ts';
import { merged } from '../../world/region/config.ts';
import type { LocalRegion } from '../../world/region/region.ts';
import { startWorld, type World } from '../../world/world.ts';
import type { WorldOptions } from '../../world/world-options.ts';
import { Act, type Cost } from './act.ts';
import { Unmet } from './demand.ts';
import type { Pace } from './pace.ts';
import { prove } from './proof.ts';
import type { Evidence, Pulse, Say, StepReport } from './report.ts';
import { duration, shown } from './words.ts';

/** A step failed, and with it the story; the step has been reported. */
export class StoryEnded extends Error {}

export interface Audience {
  begins(name: string, atMs: number): void;
  ends(step: StepReport): void;
}

export interface StageOptions {
  pace: Pace;
  /** Of its worlds. */
  bus: BusDriver;
  audience: Audience;
  /** Aborted when somebody wants it to end. */
  signal: AbortSignal;
  /** Where worlds keep their files, each in a folder below; default: nowhere. */
  keep?: string;
}

const PULSE_MS = 500;
const WITHIN_MS = 30_000;
const POLL_MS = 50;
/**
 * Few agents and short calls: a drill looks at what happens to them, not at how many there are. All are on Genesys Cloud,
 * whose notifications a drill can make go wrong.
 */
const SMALL: Partial<WorldOptions> = {
  agents: 90,
  callsPerSecond: 8,
  platforms: 'genesys',
  weather: 'real',
  habits: { loginWithinMs: 800, signInMs: 200, talkMs: 2_500, wrapUpMs: 1_000, breakMs: 3_000, shiftGapMs: 8_000 },
};

/** Where a drill is played: takes its steps, waits for what they need, and keeps what they saw. */
export class Stage {
  readonly pace: Pace;
  readonly steps: StepReport[] = [];
  readonly pulse: Pulse = { interval_ms: PULSE_MS, granted: {} };
  readonly costs: Cost[] = [];
  readonly #options: StageOptions;
  readonly #startedMs = systemClock.monotonicMs();
  #act: Act | undefined;

  constructor(options: StageOptions) {
    this.pace = options.pace;
    this.#options = options;
  }

  /** Since the beginning of the drill, in ms. */
  get elapsedMs(): number {
    return systemClock.monotonicMs() - this.#startedMs;
  }

  /**
   * Starts a world as the first step of an act; the world of the act before has been proven and is gone.
   * @param name of the act, and of the folder of its files
   */
  async open(name: string, given: Partial<WorldOptions> = {}): Promise<World> {
    const { bus, signal, keep } = this.#options;
    const { heartbeatMs, suspectMs, staleMs, reconcileMs, heldMs } = this.pace;
    const options = {
      ...SMALL,
      bus,
      ...given,
      auth: true, // as where regions are apart
      config: merged(
        {
          freshness: { heartbeatMs, suspectMs, staleMs },
          reconcile: { intervalMs: reconcileMs },
          claims: { heldMs },
        },
        given.config ?? {},
      ),
      signal,
      ...(keep !== undefined && { keep: join(keep, name) }),
    };
    return this.step(`A new world: three regions, ${options.agents} agents`, async (say) => {
      const world = await startWorld(options);
      this.#act = new Act(world, this.pulse, this.#startedMs);
      const nodes = options.replicas === false ? '3 masters' : '3 masters with a replica each';
      say('regions', world.regions.map(({ name }) => name).join(', '));
      say('each', `${nodes}; ${shown(world.regions[0]?.instances.length)} instance(s) of Muster`);
      say('bus', world.bus.name);
      return world;
    });
  }

  /** One step of the story. @throws StoryEnded if it fails, after it has been reported */
  async step<T>(name: string, work: (say: Say) => T | Promise<T>): Promise<T> {
    const { result, report } = await this.#take(name, work);
    if (!report.ok) throw new StoryEnded(name);
    return result as T;
  }

  /** The same, but the story goes on if it fails. For what is proven in the end. */
  async check(name: string, work: (say: Say) => unknown): Promise<void> {
    await this.#take(name, work);
  }

  /**
   * Looks again and again until what it sees holds; a look that fails sees its error.
   * @returns what it saw then, and after how long in ms
   * @throws Unmet with what it saw last
   */
  async until<T>(
    what: string,
    look: () => T | Promise<T>,
    holds: (seen: T) => boolean,
    withinMs = WITHIN_MS,
  ): Promise<{ seen: T; afterMs: number }> {
    const startedMs = systemClock.monotonicMs();
    for (;;) {
      this.#mustGoOn();
      let last: unknown;
      try {
        const seen = await look();
        if (holds(seen)) return { seen, afterMs: systemClock.monotonicMs() - startedMs };
        last = seen;
      } catch (error) {
        last = error;
      }
      if (systemClock.monotonicMs() - startedMs > withinMs) {
        throw new Unmet(`not within ${duration(withinMs)}: ${what}; seen last: ${shown(last)}`);
      }
      await delay(POLL_MS);
    }
  }

  /** Lets time pass while the story waits for it, e.g. for a storm to be over. */
  async pass(ms: number): Promise<void> {
    const endMs = systemClock.monotonicMs() + ms;
    while (systemClock.monotonicMs() < endMs) {
      this.#mustGoOn();
      await delay(Math.max(0, Math.min(POLL_MS, endMs - systemClock.monotonicMs())));
    }
  }

  /** Ends every instance of a region without a word. @returns their process ids */
  kill(region: LocalRegion): Promise<number[]> {
    if (!this.#act) throw new Error('no world is open');
    return this.#act.kill(region);
  }

  /** The last steps of an act: calls end, everything agrees, no promise was broken. Then the world goes. */
  async prove(terms: Parameters<typeof prove>[2] = {}): Promise<void> {
    if (!this.#act) throw new Error('no world is open');
    await prove(this, this.#act, terms);
    await this.close();
  }

  /** Ends the world that is open, if any, and keeps what it cost. */
  async close(): Promise<void> {
    const act = this.#act;
    this.#act = undefined;
    if (act) this.costs.push(await act.end());
  }

  async #take<T>(
    name: string,
    work: (say: Say) => T | Promise<T>,
  ): Promise<{ result: T | undefined; report: StepReport }> {
    const atMs = this.elapsedMs;
    const evidence: Evidence = {};
    let result: T | undefined;
    let ok = false;
    this.#options.audience.begins(name, atMs);
    try {
      result = await work((label, value) => {
        evidence[label] = value;
      });
      this.#mustGoOn();
      ok = true;
    } catch (error) {
      evidence.failed = error instanceof Error ? error.message : shown(error);
    }
    const report = { name, ok, evidence, at_ms: Math.round(atMs), took_ms: Math.round(this.elapsedMs - atMs) };
    this.steps.push(report);
    this.#options.audience.ends(report);
    return { result, report };
  }

  /** @throws Unmet if somebody wants it to end, or an instance died that nobody killed */
  #mustGoOn(): void {
    if (this.#options.signal.aborted) throw new Unmet('stopped by a signal');
    if (this.#act?.died) throw new Unmet(this.#act.died);
  }
}
