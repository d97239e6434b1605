import { Random } from '@muster/simulators/kit/random';
import { systemClock } from '../../src/ops/clock.ts';
import type { WaitingRoom } from '../platforms/connection.ts';
import type { Call, Script, Way } from '../platforms/scripts.ts';
import type { VirtualQueue } from '../region/config.ts';
import type { Http } from '../tools/http.ts';
import { Caller, type CallerContext } from './caller.ts';
import type { CallersLedger } from './callers-ledger.ts';
import { Onlookers } from './onlookers.ts';
import { Tally } from './tally.ts';
import { VerifiedClaims } from './verified-claims.ts';

/** A region where calls arrive. */
interface CalledRegion {
  name: string;
  /** URLs of its instances that run. */
  urls(): string[];
}

/** A region and the script that its platform runs for a call. */
interface Entrance {
  region: CalledRegion;
  script: Script;
  /** The ways by which calls that arrive here can reach their agents. */
  ways: readonly Way[];
  /** The queue of calls that wait to be assigned. */
  room?: WaitingRoom;
}

interface CallersOptions {
  callsPerSecond: number;
  seed: number;
  entrances: readonly Entrance[];
  queues: readonly VirtualQueue[];
  skills: readonly string[];
  /** The agents who are looked up while calls arrive. */
  agentIds: readonly string[];
  http: Http;
  ledger: CallersLedger;
  homeOf: CallerContext['homeOf'];
  send: CallerContext['send'];
}

/** Largest number of calls at the same time. Further ones are dropped and counted. */
const MAX_IN_FLIGHT = 5_000;
/** One call in four asks for a skill. */
const ASKS_FOR_SKILL = 0.25;
const KEPT_SURPRISES = 5;

/** All callers: calls arrive at random moments, at a mean rate, at random regions. Onlookers read agents meanwhile. */
export class Callers {
  /** By region. */
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly verified = new VerifiedClaims();
  /** Calls that were dropped because there were too many at the same time. */
  turnedAway = 0;
  /** The first of the answers that a well-formed call should never get. */
  readonly surprises: string[] = [];
  readonly #options: CallersOptions;
  readonly #random: Random;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #onlookers: Onlookers;
  #hangUp = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #nextAtMs = 0;
  #startedMs: number | undefined;
  #activeMs = 0;

  constructor(options: CallersOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    const regions = options.entrances.map(({ region }) => region);
    this.#onlookers = new Onlookers({ ...options, regions });
    this.tallies = new Map(regions.map(({ name }) => [name, new Tally()]));
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** How long calls have been arriving, in s. */
  get activeSeconds(): number {
    const sinceMs = this.#startedMs === undefined ? 0 : systemClock.monotonicMs() - this.#startedMs;
    return (this.#activeMs + sinceMs) / 1000;
  }

  start(): void {
    if (this.#startedMs !== undefined) return;
    this.#hangUp = new AbortController();
    this.#startedMs = systemClock.monotonicMs();
    this.#nextAtMs = this.#startedMs;
    this.#onlookers.start();
    this.#awaitArrival();
  }

  /** Ends all arrivals; calls that still wait for an agent hang up. Resolves when the last call is over. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#activeMs = this.activeSeconds * 1000;
    this.#startedMs = undefined;
    this.#hangUp.abort();
    await Promise.all([...this.#inFlight, this.#onlookers.stop()]);
  }

  /** Arrivals are independent of each other, so the gaps between them are exponential. */
  #awaitArrival(): void {
    this.#nextAtMs += (-Math.log(1 - this.#random.next()) / this.#options.callsPerSecond) * 1000;
    this.#timer = setTimeout(
      () => {
        this.#arrive();
        this.#awaitArrival();
      },
      Math.max(0, this.#nextAtMs - systemClock.monotonicMs()),
    );
  }

  #arrive(): void {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      this.turnedAway++;
      return;
    }
    const call = this.#connect().finally(() => this.#inFlight.delete(call));
    this.#inFlight.add(call);
  }

  /** One call, from arrival to end. Never throws. */
  async #connect(): Promise<void> {
    const { entrances, queues, skills, http, ledger, homeOf, send } = this.#options;
    const { region, script, ways, room } = this.#random.pick(entrances);
    const { name: queue, media } = this.#random.pick(queues);
    // Contacts other than calls come to one platform only.
    const way = media === 'voice' ? this.#random.pick(ways) : 'transfer-to-acd';
    const waits = way === 'assign' ? room : undefined;
    const asksForSkill = media === 'voice' && this.#random.chance(ASKS_FOR_SKILL);
    const id = script.idOf(this.#random.uuid());
    const call: Call = {
      id,
      region: region.name,
      queue: waits?.enter(id, queue) ?? queue,
      way,
      media,
      skills: asksForSkill ? [this.#random.pick(skills)] : [],
    };
    const tally = this.tallies.get(region.name) as Tally;
    const url = () => this.#random.pick(region.urls());
    const { signal: hangUp } = this.#hangUp;
    const { verified } = this;
    const random = this.#random;
    const context = { http, random, tally, verified, ledger, script, room: waits, url, homeOf, send, hangUp };
    try {
      const outcome = await new Caller(call, context).seekAgent();
      if (outcome === 'connected') tally.connected++;
      if (outcome === 'abandoned') tally.abandoned++;
    } catch (error) {
      if (this.surprises.length < KEPT_SURPRISES) this.surprises.push((error as Error).message);
    }
  }
}
