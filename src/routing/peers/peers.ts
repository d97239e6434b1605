import { Agent, request } from 'undici';
import type { Settlement } from '../../agent/claim.ts';
import type { Exchange } from '../../agent/exchange.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { BeatAnswer } from '../../contract/operators.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { currentTrace, traceHeaders } from '../../ops/trace.ts';
import { type AskedClaim, askForRead, askHome, type HomeAnswer } from './home.ts';
import { clockWarning, PeerClock } from './peer-clock.ts';
import { PeerKeys } from './peer-keys.ts';
import { RoundTrip } from './round-trip.ts';

/** Header with the region that asks on behalf of its caller. The request must not be forwarded. */
export const ASKED_BY = 'muster-asked-by';
/** Header with the format of a request from another region, see {@link EXCHANGE}. */
export const FORMAT = 'muster-format';
/** Header with consistency tokens: one in the answer to a write, any number in a read. */
export const CONSISTENCY = 'muster-consistency';
/** Header with the region that produced the answer, if a read carried tokens. */
export const ANSWERED_BY = 'muster-answered-by';

interface PeersOptions {
  region: string;
  /** Base URL by region, including this one. */
  urls: Record<string, string>;
  /** Called before a probe. The returned function is called with the heartbeat sequence number of the answer. */
  ask(region: string): (beat: number) => void;
  /** Fingerprint of the key that signs claim ids here. */
  claimKey: string;
  /** Tokens that authenticate this region to others; undefined: regions do not authenticate each other. */
  tokens?: { for(region: string): Promise<string> } | undefined;
  /** The format of requests. */
  exchange: Pick<Exchange, 'sends'>;
  clock: Clock;
  log: Log;
}

interface Peer {
  url: string;
  /** Measured since the region last became reachable, and since this host last stood still. */
  roundTrip: RoundTrip;
  /** Consecutive probes without an answer. */
  failures: number;
  clock: PeerClock;
  keys: PeerKeys;
}

/** Path of a probe; every region is probed about once a second. */
export const PROBED = '/v1/beat';
const PROBE_EVERY_MS = 1000;
/** Random part of the interval, in ms. Probes in step with heartbeats would all prove the same, possibly poor, age. */
const PROBE_JITTER_MS = 400;
const PROBE_DEADLINE_MS = 2000;
const FAILURES_TO_GIVE_UP = 3;
/** Longest `budget_ms` of a request, in ms, as in the contract. */
const LONGEST_BUDGET_MS = 10_000;

/** The other regions: sends them requests over HTTP, probes them, and measures the round trip to each. */
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
    clearTimeout(this.#timer);
    for (const [name, peer] of this.#peers) void this.#probe(name, peer);
    this.#timer = setTimeout(() => this.start(), PROBE_EVERY_MS + PROBE_JITTER_MS * (2 * Math.random() - 1));
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#http.close();
  }

  /** Forgets round trips and clock offsets, because this host stood still, and probes all regions at once. */
  measureAgain(): void {
    for (const peer of this.#peers.values()) {
      peer.roundTrip = new RoundTrip();
      peer.clock.measureAgain();
    }
    if (this.#timer) this.start();
  }

  /** Asks all other regions which stores they hear of under this region's name. Those that do not answer are left out. */
  async storesHeard(): Promise<{ peer: string; stores: Record<string, string> }[]> {
    const asked = [...this.#peers].map(async ([peer, each]) => {
      const answer = await this.#beatOf(peer, each).catch(() => undefined);
      return { peer, stores: answer?.stores?.[this.#options.region] ?? {} };
    });
    return Promise.all(asked);
  }

  /** Mean round trip in ms; undefined while the region is unreachable. */
  rttMs(region: string): number | undefined {
    return this.#peers.get(region)?.roundTrip.meanMs;
  }

  /** Time within which most answers of the region arrive, in ms; Infinity while it is unreachable. */
  answersWithinMs(region: string): number {
    return this.#peers.get(region)?.roundTrip.mostMs ?? Number.POSITIVE_INFINITY;
  }

  /** How far the region's wall clock is ahead of this instance's, in ms; undefined before its first answer. */
  clockOffsetMs(region: string): number | undefined {
    return this.#peers.get(region)?.clock.offsetMs;
  }

  /** Warnings about clocks and signing keys of the reachable regions. */
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

  /** Whether several consecutive probes got no answer. False before the first probes: the region may be reachable. */
  isCutOff(region: string): boolean {
    return (this.#peers.get(region)?.failures ?? 0) >= FAILURES_TO_GIVE_UP;
  }

  /** Asks another region to claim an agent. Never throws. */
  async claim(home: string, { callId, agentId, ...asked }: AskedClaim, budgetMs: number): Promise<HomeAnswer> {
    const wish = { ...asked, call_id: callId, ...(agentId !== undefined && { agent_id: agentId }) };
    const body = { ...wish, budget_ms: this.#budgetFor(home, budgetMs) };
    // A repeated request asks its first home again. Waiting for an unreachable one would use up the budget for other agents.
    if (this.isCutOff(home)) return { kind: 'unreachable' };
    const startedMs = this.#options.clock.monotonicMs();
    const roundTrip = this.#peers.get(home)?.roundTrip;
    const answer = await this.#post(home, '/v1/claims', body, budgetMs);
    if (answer.kind === 'granted') roundTrip?.measured(this.#options.clock.monotonicMs() - startedMs);
    return answer;
  }

  /** Asks another region to settle a claim. Never throws. */
  settle(home: string, claimId: string, settlement: Settlement, deadlineMs: number): Promise<HomeAnswer> {
    const isDeclined = settlement === 'refused';
    const path = `/v1/claims/${encodeURIComponent(claimId)}/${isDeclined ? 'release' : settlement}`;
    const body = { budget_ms: this.#budgetFor(home, deadlineMs), ...(isDeclined && { refused: true }) };
    return this.#post(home, path, body, deadlineMs);
  }

  /** The caller's budget less the round trip to the region, in whole ms. */
  #budgetFor(region: string, leftMs: number): number {
    const wayMs = this.rttMs(region) ?? 0;
    return Math.min(LONGEST_BUDGET_MS, Math.max(1, Math.floor(leftMs - wayMs)));
  }

  /**
   * Gets a claim from the region that granted it. Never throws.
   * @returns undefined if the region did not answer in time, or does not know the claim
   */
  async claimOf(granter: string, claimId: string, deadlineMs: number): Promise<ClaimAnswer | undefined> {
    const answer = await this.#get(granter, `/v1/claims/${encodeURIComponent(claimId)}`, {}, deadlineMs);
    return answer?.body as ClaimAnswer | undefined;
  }

  /**
   * Sends a read with consistency tokens to another region. Never throws.
   * @returns the answer, which is not older than the writes; undefined if none came in time
   */
  async read(region: string, path: string, tokens: string, deadlineMs: number): Promise<unknown> {
    const answer = await this.#get(region, path, { [CONSISTENCY]: tokens }, deadlineMs);
    // An instance of a version without consistency tokens would ignore them, and not set this header.
    return answer?.headers[ANSWERED_BY] === region ? answer.body : undefined;
  }

  /** Undefined if the status is not 200, or no answer came in time. */
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
      // The first request includes the time to connect, so it is not measured.
      if (peer.roundTrip.meanMs === undefined) await this.#beatOf(name, peer);
      const answered = ask(name);
      const { roundTrip } = peer;
      const startedMs = clock.monotonicMs();
      const { time_ms: theirMs, beat, claim_keys: theirKeys } = await this.#beatOf(name, peer);
      const tookMs = clock.monotonicMs() - startedMs;
      if (peer.failures >= FAILURES_TO_GIVE_UP) log.info('region_reachable', { peer: name });
      peer.failures = 0;
      if (typeof beat === 'number') answered(beat);
      if (peer.roundTrip !== roundTrip) return; // This host stood still meanwhile.
      roundTrip.measured(tookMs);
      if (typeof theirMs === 'number') this.#heardClock(name, peer.clock, theirMs, tookMs);
      peer.keys.compare(theirKeys);
    } catch (error) {
      peer.failures += 1; // Logged once, when the region counts as unreachable.
      if (peer.failures !== FAILURES_TO_GIVE_UP) return;
      peer.roundTrip = new RoundTrip();
      log.warn('region_unreachable', { peer: name, reason: (error as Error).message });
    }
  }

  /** Sends a probe. @throws Error if the region does not answer, or rejects this region: it would not grant claims either */
  async #beatOf(name: string, { url }: Peer): Promise<Partial<BeatAnswer>> {
    const { statusCode, body } = await request(`${url}${PROBED}`, {
      headers: await this.#credentials(name),
      dispatcher: this.#http,
      headersTimeout: PROBE_DEADLINE_MS,
      bodyTimeout: PROBE_DEADLINE_MS,
    });
    const answer = (await body.json()) as Partial<BeatAnswer>;
    if (statusCode === 200) return answer;
    // An instance that starts or stops does not grant claims.
    const isUnknown = statusCode === 401 || statusCode === 403;
    throw new Error(`it answers ${statusCode}${isUnknown ? ': does it have the right keys of this region?' : ''}`);
  }

  /** Headers with the asking region, the format of the request, and the trace of the caller's request. */
  #behalf(): Record<string, string> {
    const trace = currentTrace();
    const { region, exchange } = this.#options;
    const format = { [FORMAT]: String(exchange.sends) };
    return { [ASKED_BY]: region, ...format, ...traceHeaders(), ...(trace && { 'x-request-id': trace.requestId }) };
  }

  async #credentials(region: string): Promise<Record<string, string>> {
    const token = await this.#options.tokens?.for(region);
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  #heardClock(name: string, theirs: PeerClock, theirMs: number, tookMs: number): void {
    const { clock, log } = this.#options;
    const change = theirs.addSample(theirMs, clock.nowMs(), tookMs);
    const offsetMs = Math.round(theirs.offsetMs ?? 0);
    if (change === 'off') log.warn('region_clock_differs', { peer: name, offset_ms: offsetMs });
    if (change === 'well') log.info('region_clock_agrees', { peer: name, offset_ms: offsetMs });
  }
}
