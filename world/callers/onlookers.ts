import { Random } from '@muster/simulators/kit/random';
import { systemClock } from '../../src/ops/clock.ts';
import type { Http } from '../tools/http.ts';

interface OnlookersOptions {
  seed: number;
  /** Where they look. */
  regions: readonly { name: string; urls(): string[] }[];
  /** At whom. */
  agentIds: readonly string[];
  http: Http;
}

/** Looks of all of them together. */
const LOOK_EVERY_MS = 100;
/** Who is told that a home has gone quiet looks elsewhere for so long: its platform has better things to do, in ms. */
const LOOK_ELSEWHERE_MS = 15_000;

/** Supervisors: look up agents here and there, and so make every region say what it knows, and how well. */
export class Onlookers {
  readonly #options: OnlookersOptions;
  readonly #random: Random;
  /** Until when nobody of a region looks at the agents of a home, monotonic. */
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

  /** Resolves when nobody looks any more. */
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
    // Where nobody answers at present nobody is told anything.
    const answer = await muster.getAgent({ params: { id: agentId } }).catch(() => undefined);
    const told = answer?.body;
    const isQuiet = told?.stale || told?.confirmed_ms_ago !== undefined;
    if (isQuiet) this.#elsewhereUntilMs.set(sight, systemClock.monotonicMs() + LOOK_ELSEWHERE_MS);
  }
}
