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

/** A failed step has ended the drill; it has been reported. */
export class StoryEnded extends Error {}

export interface Audience {
  begins(name: string, atMs: number): void;
  ends(step: StepReport): void;
}

export interface StageOptions {
  pace: Pace;
  /** Event bus of its worlds. */
  bus: BusDriver;
  audience: Audience;
  /** Aborted by a request to end. */
  signal: AbortSignal;
  /** Folder for the files of worlds, one folder each; by default they are removed. */
  keep?: string;
}

const PULSE_MS = 500;
const WITHIN_MS = 30_000;
const POLL_MS = 50;
/**
 * Few agents and short calls: a drill checks what happens to them, not how many there are. All are on Genesys Cloud, whose
 * notifications a drill can make faulty.
 */
const SMALL: Partial<WorldOptions> = {
  agents: 90,
  callsPerSecond: 8,
  platforms: 'genesys',
  weather: 'real',
  habits: { loginWithinMs: 800, signInMs: 200, talkMs: 2_500, wrapUpMs: 1_000, breakMs: 3_000, shiftGapMs: 8_000 },
};

/** Plays a drill's steps, waits for conditions, and keeps the evidence. */
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

  /** Since the start of the drill, in ms. */
  get elapsedMs(): number {
    return systemClock.monotonicMs() - this.#startedMs;
  }

  /**
   * Starts a world as the first step of an act. The world of the act before must have been proven.
   * @param name of the act and of its folder
   */
  async open(name: string, given: Partial<WorldOptions> = {}): Promise<World> {
    const { bus, signal, keep } = this.#options;
    const { heartbeatMs, suspectMs, staleMs, reconcileMs, heldMs } = this.pace;
    const options = {
      ...SMALL,
      bus,
      ...given,
      auth: true, // as between real regions
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

  /** One step of the drill. @throws StoryEnded if it fails, after it has been reported */
  async step<T>(name: string, work: (say: Say) => T | Promise<T>): Promise<T> {
    const { result, report } = await this.#take(name, work);
    if (!report.ok) throw new StoryEnded(name);
    return result as T;
  }

  /** The same, but the drill goes on if it fails; for proofs at the end. */
  async check(name: string, work: (say: Say) => unknown): Promise<void> {
    await this.#take(name, work);
  }

  /**
   * Reads a value again and again until a condition holds. The value of a failed read is its error.
   * @returns the value, and the time it took, in ms
   * @throws Unmet with the last value
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

  /** Waits, e.g. for the end of a storm. */
  async pass(ms: number): Promise<void> {
    const endMs = systemClock.monotonicMs() + ms;
    while (systemClock.monotonicMs() < endMs) {
      this.#mustGoOn();
      await delay(Math.max(0, Math.min(POLL_MS, endMs - systemClock.monotonicMs())));
    }
  }

  /** Kills every instance of a region. @returns their process ids */
  kill(region: LocalRegion): Promise<number[]> {
    if (!this.#act) throw new Error('no world is open');
    return this.#act.kill(region);
  }

  /** The last steps of an act: calls end, all regions agree, no promise was broken. Then the world is stopped. */
  async prove(terms: Parameters<typeof prove>[2] = {}): Promise<void> {
    if (!this.#act) throw new Error('no world is open');
    await prove(this, this.#act, terms);
    await this.close();
  }

  /** Stops the open world, if any, and keeps its counts. */
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

  /** @throws Unmet after a request to end, or if an instance ended unexpectedly */
  #mustGoOn(): void {
    if (this.#options.signal.aborted) throw new Unmet('stopped by a signal');
    if (this.#act?.died) throw new Unmet(this.#act.died);
  }
}
