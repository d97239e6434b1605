import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Facets, PresenceState } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import type { Clock } from '../../src/ops/clock.ts';
import {
  type AgentRead,
  type ClaimGranted,
  type EventHandled,
  type History,
  openHistory,
} from '../../src/ops/history.ts';
import type { WorldSettings } from '../../src/ops/world-line.ts';
import { type Outcome, type Verdict, type VerifyOptions, verify } from '../../src/verify/verify.ts';
import { WorldHistory } from '../../world/reports/world-history.ts';

/** Histories of several instances on one host, written by the real writer under a clock that the test moves. */
export class Histories {
  readonly dir = mkdtempSync(join(tmpdir(), 'muster-verify-'));
  readonly #open: { file: string; history: Pick<History, 'close'> }[] = [];
  now = 1000;

  readonly clock: Clock = { monotonicMs: () => this.now, nowMs: () => 1_700_000_000_000 + this.now };

  instance(region: string, process = `${region}-1`): Instance {
    const file = join(this.dir, `${process}.jsonl`);
    const log = { error: () => {} };
    const history = openHistory({ file, region, process, clock: this.clock, log });
    this.#open.push({ file, history });
    return new Instance(this, region, history);
  }

  /** What an outsider saw, with settings that most tests do not care about. */
  outsider(settings: Partial<WorldSettings> = {}): WorldHistory {
    const file = join(this.dir, 'world.jsonl');
    const history = new WorldHistory(file, this.clock);
    this.#open.push({ file, history });
    history.settings({ ...SETTINGS, ...settings });
    return history;
  }

  /** One more file, to be judged with the others. */
  keep(file: string, history: Pick<History, 'close'>): void {
    this.#open.push({ file, history });
  }

  get files(): string[] {
    return [...new Set(this.#open.map(({ file }) => file))];
  }

  async judge(options?: VerifyOptions): Promise<Verdict> {
    for (const { history } of this.#open) history.close();
    return verify(this.files, options);
  }

  remove(): void {
    for (const { history } of this.#open) history.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export const HELD_MS = 10_000;

/** Agents `cloud-eu:…` are at home in eu, `cloud-us:…` in us. */
export const SETTINGS: WorldSettings = {
  connections: { 'cloud-eu': { home: 'eu', authority: 'verify' }, 'cloud-us': { home: 'us', authority: 'refuse' } },
  suspect_ms: 2000,
  stale_ms: 5000,
  heartbeat_ms: 1000,
  reconcile_ms: 10_000,
  held_ms: HELD_MS,
  confirmed_ms: 60_000,
  replication: 'grant',
  budget_per_minute: 300,
};

type Telling = Partial<Pick<AgentRead, 'ageMs' | 'stale' | 'vouchedMs' | 'home' | 'toldMs' | 'askedMs' | 'limit'>>;

/** One instance's history, with what most tests do not care about filled in. */
export class Instance {
  readonly region: string;
  readonly history: History;
  readonly #world: Histories;

  constructor(world: Histories, region: string, history: History) {
    this.#world = world;
    this.region = region;
    this.history = history;
  }

  granted(call: string, agent: string, fence: number, more: Partial<ClaimGranted> = {}): void {
    const { now } = this.#world;
    const times = { startedMs: now, untilMs: now + HELD_MS, heldMs: HELD_MS };
    this.history.claimGranted({ call, queue: 'support', agent, fence, home: this.region, ...times, ...more });
  }

  kept(op: 'confirm' | 'renew', agent: string, fence: number, { startedMs = this.#world.now, heldMs = HELD_MS } = {}) {
    this.history.settled({ op, agent, fence, heldMs, startedMs });
  }

  ended(op: 'release' | 'complete', agent: string, fence: number, startedMs = this.#world.now): void {
    this.history.settled({ op, agent, fence, startedMs, state: op === 'complete' ? 'WRAP_UP' : 'ENDED' });
  }

  /** Tells a caller of an agent, by default one who is homed here and as of now. */
  told(agent: string, versions: Facets, telling: Telling = {}): void {
    const { ageMs = 0, stale = false, home = this.region, ...more } = telling;
    this.history.agentRead({ agent, home, ageMs, stale, status: 'AVAILABLE', facets: versions, ...more });
  }

  handled(event: AgentEvent, outcome: EventHandled['outcome'], startedMs = this.#world.now, mayBeLost = false): void {
    const via = event.region === this.region ? 'local' : 'bus';
    this.history.eventHandled(event, { outcome, via, startedMs, mayBeLost });
  }
}

/** What an agent's presence became at platform time `at`. */
export function presence(agentId: string, at: number, region = 'eu', state: PresenceState = 'ON_DUTY'): AgentEvent {
  const eventId = `${agentId}-${at}`;
  return { eventId, agentId, timestampMs: at, region, facets: { presence: { state, at, id: eventId } } };
}

/** The names of the checks that failed. */
export function failed({ checks }: Verdict): string[] {
  return checks.filter(({ outcome }) => outcome === 'broken').map(({ name }) => name);
}

/** What came of one check. */
export function outcome({ checks }: Verdict, name: string): Outcome | undefined {
  return checks.find((check) => check.name === name)?.outcome;
}

/** The lines that prove each violation of a check, as `file:line` less the folder. */
export function evidence({ checks }: Verdict, name: string): string[][] {
  const check = checks.find((one) => one.name === name);
  return (check?.violations ?? []).map(({ lines }) => lines.map((line) => line.slice(line.lastIndexOf('/') + 1)));
}
