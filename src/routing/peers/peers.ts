import { Agent, request } from 'undici';
import type { Settlement } from '../../agent/claim.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { BeatAnswer } from '../../contract/operators.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { currentTrace, traceHeaders } from '../../ops/trace.ts';
import { type AskedClaim, askForRead, askHome, type HomeAnswer } from './home.ts';
import { clockWarning, PeerClock } from './peer-clock.ts';
import { PeerKeys } from './peer-keys.ts';
import { RoundTrip } from './round-trip.ts';

/** The header by which a region tells another that it asks on a caller's behalf: its home must not ask on. */
export const ASKED_BY = 'muster-asked-by';
/** The header that carries the tokens of writes: one with every write's answer, any number with a read. */
export const CONSISTENCY = 'muster-consistency';
/** The header that names the region whose answer it is, where a read carried tokens. */
export const ANSWERED_BY = 'muster-answered-by';

interface PeersOptions {
  region: string;
  /** Base URL by region, this one included. */
  urls: Record<string, string>;
  /** Called before a region is probed; what it returns is called with the beat of the region's answer. */
  ask(region: string): (beat: number) => void;
  /** The fingerprint of the key that ids of claims are signed with here. */
  claimKey: string;
  /** What shows another region who asks: a token for it, where regions know each other by tokens. */
  tokens?: { for(region: string): Promise<string> } | undefined;
  clock: Clock;
  log: Log;
}

interface Peer {
  url: string;
  /** Measured since it last began to answer. */
  roundTrip: RoundTrip;
  /** Probes in a row that got no answer. */
  failures: number;
  clock: PeerClock;
  keys: PeerKeys;
}

/** What is asked of every region once a second. */
export const PROBED = '/v1/beat';
const PROBE_EVERY_MS = 1000;
/** Probes that kept step with the heartbeats would prove the same of all of them, and it may be little. */
const PROBE_JITTER_MS = 400;
const PROBE_DEADLINE_MS = 2000;
const FAILURES_TO_GIVE_UP = 3;
/** What a request may ask for at most, in ms: see the contract. */
const LONGEST_BUDGET_MS = 10_000;

/** The other regions' homes, asked over HTTP, with the measured round trip to each. */
export class Peers {
  readonly #peers = new Map<string, Peer>();
  readonly #options: PeersOptions;
  readonly #http = new Agent({ connections: 64, pipelining: 1, connect: { timeout: 1000 } });
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
    for (const [name, url] of Object.entries(options.urls)) {
      if (name === options.region) continue;
      this.#peers.set(name, {
        url,
        roundTrip: new RoundTrip(),
        failures: 0,
        clock: new PeerClock(),
        keys: new PeerKeys(name, options.claimKey, options.log),
      });
    }
  }

  start(): void {
    for (const [name, peer] of this.#peers) void this.#probe(name, peer);
    this.#timer = setTimeout(() => this.start(), PROBE_EVERY_MS + PROBE_JITTER_MS * (2 * Math.random() - 1));
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#http.close();
  }

  /** The mean round trip in ms; undefined while the region does not answer. */
  rttMs(region: string): number | undefined {
    return this.#peers.get(region)?.roundTrip.meanMs;
  }

  /** By when most of its answers are there, in ms; Infinity while the region does not answer. */
  answersWithinMs(region: string): number {
    return this.#peers.get(region)?.roundTrip.mostMs ?? Number.POSITIVE_INFINITY;
  }

  /** How far the region's wall clock is ahead of this instance's, ms; undefined before its first answer. */
  clockOffsetMs(region: string): number | undefined {
    return this.#peers.get(region)?.clock.offsetMs;
  }

  /** Which regions' clocks are off, and which know other keys, in words; of those that answer. */
  warnings(): string[] {
    return [...this.#peers].flatMap(([name, { clock, keys }]) => {
      if (!this.isReachable(name)) return [];
      const off = clock.isOff && clock.offsetMs !== undefined ? [clockWarning(name, clock.offsetMs)] : [];
      return [...off, ...keys.warnings()];
    });
  }

  isReachable(region: string): boolean {
    const peer = this.#peers.get(region);
    return peer?.roundTrip.meanMs !== undefined && peer.failures < FAILURES_TO_GIVE_UP;
  }

  /** Whether it was probed and did not answer, several times in a row. One that nobody has heard yet may be well. */
  isCutOff(region: string): boolean {
    return (this.#peers.get(region)?.failures ?? 0) >= FAILURES_TO_GIVE_UP;
  }

  /** Asks an agent's home to grant it. Never throws. */
  async claim(home: string, { callId, agentId, ...asked }: AskedClaim, budgetMs: number): Promise<HomeAnswer> {
    const wish = { ...asked, call_id: callId, ...(agentId !== undefined && { agent_id: agentId }) };
    const body = { ...wish, budget_ms: this.#budgetFor(home, budgetMs) };
    // A call whose home fell silent asks it again first: waiting there would leave it no time for anybody else.
    if (this.isCutOff(home)) return { kind: 'unreachable' };
    const startedMs = this.#options.clock.monotonicMs();
    const answer = await this.#post(home, '/v1/claims', body, budgetMs);
    if (answer.kind === 'granted')
      this.#peers.get(home)?.roundTrip.measured(this.#options.clock.monotonicMs() - startedMs);
    return answer;
  }

  /** Asks an agent's home to settle a claim. Never throws. */
  settle(home: string, claimId: string, settlement: Settlement, deadlineMs: number): Promise<HomeAnswer> {
    const isDeclined = settlement === 'refused';
    const path = `/v1/claims/${encodeURIComponent(claimId)}/${isDeclined ? 'release' : settlement}`;
    const body = { budget_ms: this.#budgetFor(home, deadlineMs), ...(isDeclined && { refused: true }) };
    return this.#post(home, path, body, deadlineMs);
  }

  /** What is left of a caller's budget once a region has been reached and its answer is back, in whole ms. */
  #budgetFor(region: string, leftMs: number): number {
    const wayMs = this.rttMs(region) ?? 0;
    return Math.min(LONGEST_BUDGET_MS, Math.max(1, Math.floor(leftMs - wayMs)));
  }

  /**
   * Asks the region that granted a claim for it. Never throws.
   * @returns undefined where it did not answer, or knows no such claim
   */
  async claimOf(granter: string, claimId: string, deadlineMs: number): Promise<ClaimAnswer | undefined> {
    const answer = await this.#get(granter, `/v1/claims/${encodeURIComponent(claimId)}`, {}, deadlineMs);
    return answer?.body as ClaimAnswer | undefined;
  }

  /**
   * Asks a region for what it answers to a read that carries tokens. Never throws.
   * @returns the answer, which honours the tokens; undefined where there is none in time
   */
  async read(region: string, path: string, tokens: string, deadlineMs: number): Promise<unknown> {
    const answer = await this.#get(region, path, { [CONSISTENCY]: tokens }, deadlineMs);
    // An instance that does not know of tokens would answer with whatever it has.
    return answer?.headers[ANSWERED_BY] === region ? answer.body : undefined;
  }

  /** What a region answers with 200 on this one's behalf; undefined for any other answer, or none in time. */
  async #get(region: string, path: string, headers: Record<string, string>, deadlineMs: number) {
    const peer = this.#peers.get(region);
    if (!peer || deadlineMs <= 0) return undefined;
    const all = async () => ({ ...(await this.#credentials(region)), ...this.#behalf(), ...headers });
    return askForRead(`${peer.url}${path}`, all, deadlineMs, this.#http, this.#options.log);
  }

  async #post(home: string, path: string, body: object, deadlineMs: number): Promise<HomeAnswer> {
    const peer = this.#peers.get(home);
    if (!peer) return { kind: 'unreachable' };
    const { log } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<HomeAnswer>((resolve) => {
      timer = setTimeout(resolve, Math.max(1, deadlineMs), { kind: 'unknown' });
    });
    const answer = this.#credentials(home).then((shown) =>
      askHome(`${peer.url}${path}`, body, { ...shown, ...this.#behalf() }, this.#http, log),
    );
    return Promise.race([answer, timeout]).finally(() => clearTimeout(timer));
  }

  async #probe(name: string, peer: Peer): Promise<void> {
    const { ask, clock, log } = this.#options;
    try {
      // The first answer also took as long as it takes to connect, which says nothing about the next.
      if (peer.roundTrip.meanMs === undefined) await this.#beatOf(name, peer);
      const answered = ask(name);
      const startedMs = clock.monotonicMs();
      const { time_ms: theirMs, beat, claim_keys: theirKeys } = await this.#beatOf(name, peer);
      const tookMs = clock.monotonicMs() - startedMs;
      if (peer.failures >= FAILURES_TO_GIVE_UP) log.info('region_reachable', { peer: name });
      peer.failures = 0;
      peer.roundTrip.measured(tookMs);
      if (typeof beat === 'number') answered(beat);
      if (typeof theirMs === 'number') this.#heardClock(name, peer.clock, theirMs, tookMs);
      peer.keys.heard(theirKeys);
    } catch (error) {
      peer.failures += 1; // told once, when it counts as unreachable
      if (peer.failures !== FAILURES_TO_GIVE_UP) return;
      peer.roundTrip = new RoundTrip();
      log.warn('region_unreachable', { peer: name, reason: (error as Error).message });
    }
  }

  /** @throws Error where the region does not answer, or not this one: then it does not grant either */
  async #beatOf(name: string, { url }: Peer): Promise<Partial<BeatAnswer>> {
    const { statusCode, body } = await request(`${url}${PROBED}`, {
      headers: await this.#credentials(name),
      dispatcher: this.#http,
      headersTimeout: PROBE_DEADLINE_MS,
      bodyTimeout: PROBE_DEADLINE_MS,
    });
    const answer = (await body.json()) as Partial<BeatAnswer>;
    if (statusCode === 200) return answer;
    // One that has just started, or is about to stop, does not grant either.
    const isUnknown = statusCode === 401 || statusCode === 403;
    throw new Error(`it answers ${statusCode}${isUnknown ? ': are its keys of this region right?' : ''}`);
  }

  /** Says who asks, and for which request of a caller's. */
  #behalf(): Record<string, string> {
    const trace = currentTrace();
    return { [ASKED_BY]: this.#options.region, ...traceHeaders(), ...(trace && { 'x-request-id': trace.requestId }) };
  }

  async #credentials(region: string): Promise<Record<string, string>> {
    const token = await this.#options.tokens?.for(region);
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  #heardClock(name: string, theirs: PeerClock, theirMs: number, tookMs: number): void {
    const { clock, log } = this.#options;
    const change = theirs.heard(theirMs, clock.nowMs(), tookMs);
    const offsetMs = Math.round(theirs.offsetMs ?? 0);
    if (change === 'off') log.warn('region_clock_differs', { peer: name, offset_ms: offsetMs });
    if (change === 'well') log.info('region_clock_agrees', { peer: name, offset_ms: offsetMs });
  }
}
