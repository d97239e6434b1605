import { Random } from '@muster/simulators/kit/random';
import { systemClock } from '../../src/ops/clock.ts';
import type { Http } from '../tools/http.ts';

interface OnlookersOptions {
  seed: number;
  /** The regions that they ask. */
  regions: readonly { name: string; urls(): string[] }[];
  /** The agents that they read. */
  agentIds: readonly string[];
  http: Http;
}

/** Reads of all onlookers together. */
const LOOK_EVERY_MS = 100;
/** How long onlookers skip a home that a region reports as silent, to spare its platform, in ms. */
const LOOK_ELSEWHERE_MS = 15_000;

/** Supervisors who read random agents at random regions, so that histories contain what each region answers. */
export class Onlookers {
  readonly #options: OnlookersOptions;
  readonly #random: Random;
  /** End of the time for which a region's onlookers skip a home, monotonic. */
  readonly #elsewhereUntilMs = new Map<string, number>();
  readonly #looks = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OnlookersOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  start(): void {
    this.#timer = setInterval(() => {
      const look = this.#look().finally(() => this.#looks.delete(look));
      this.#looks.add(look);
    }, LOOK_EVERY_MS);
  }

  /** Resolves when the last read is over. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#looks);
  }

  async #look(): Promise<void> {
    const { regions, agentIds, http } = this.#options;
    const region = this.#random.pick(regions);
    const agentId = this.#random.pick(agentIds);
    const sight = `${region.name} ${agentId.split(':')[0]}`;
    if ((this.#elsewhereUntilMs.get(sight) ?? 0) > systemClock.monotonicMs()) return;
    const muster = http.muster(this.#random.pick(region.urls()));
    // Without an answer there is nothing to record.
    const answer = await muster.getAgent({ params: { id: agentId } }).catch(() => undefined);
    const agent = answer?.body;
    const isQuiet = agent?.stale || agent?.confirmed_ms_ago !== undefined;
    if (isQuiet) this.#elsewhereUntilMs.set(sight, systemClock.monotonicMs() + LOOK_ELSEWHERE_MS);
  }
}
