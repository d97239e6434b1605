import type { WeatherLine, WorldSettings } from '../ops/world-line.ts';
import type { Line } from './read.ts';

/** The end of every link to the event bus. */
const BUS = 'bus';

/** A period, in ms of `t`, in which a home may miss changes on a platform. `to` is undefined while it lasts. */
interface Disruption {
  from: number;
  to: number | undefined;
  kind: DisruptionKind;
}

/**
 * `quiet`: notifications may be lost. `dark`: the home cannot read the platform either. `alone`: its data is on one node only, and a
 * failover may lose it.
 */
type DisruptionKind = 'quiet' | 'dark' | 'alone';

/** Upper bound from a notification, or the platform's response, to Muster's answers, in ms, for a busy region. */
export const PROCESSING_MS = 2000;
/** Upper bound for reconnecting after a loss, including backoff and a full read, in ms. */
const RECONNECTED_MS = 70_000;
/** Upper bound for resuming notifications, in ms: a new socket, or a takeover by another instance. */
const RESUMED_MS = 15_000;
/** How long a period is remembered after its end, in ms. */
const REMEMBERED_MS = 10 * 60_000;

/** State of the world from its own lines: homes, links between regions, and delays of homes behind their platforms. */
export class Surroundings {
  settings: WorldSettings | undefined;
  readonly #latencyMs = new Map<string, number>();
  readonly #ignoresSince = new Map<string, number>();
  readonly #severedSince = new Map<string, number>();
  readonly #running = new Map<string, Set<string>>();
  readonly #deadSince = new Map<string, number>();
  readonly #withinMs = new Map<string, number | null>();
  readonly #disruptions = new Map<string, Disruption[]>();

  see(line: Line): void {
    if (line.op === 'world' && line.phase === 'settings') this.settings = line;
    if (line.op === 'weather') this.#weather(line);
    if (line.op === 'bus' && line.phase === 'taken') this.#ignoresSince.delete(line.region);
    if (line.op === 'bus' && line.phase === 'ignored') this.#ignoresSince.set(line.region, line.t);
    if (line.op === 'store') this.#store(line.region, line.phase === 'alone', line.t);
    if (line.op === 'instance') this.#instance(line.region, line.instance, line.phase === 'started', line.t);
    if (line.op !== 'platform' || line.phase !== 'notifies') return;
    this.#withinMs.set(line.connection, line.within_ms);
    this.#disrupt(line.connection, 'quiet', line.within_ms === null, line.t);
  }

  connectionOf(agent: string): string | undefined {
    const name = agent.slice(0, agent.indexOf(':'));
    return this.settings && name in this.settings.connections ? name : undefined;
  }

  homeOf(agent: string): string | undefined {
    const connection = this.connectionOf(agent);
    return connection === undefined ? undefined : this.settings?.connections[connection]?.home;
  }

  /** Authority policy of the agent's connection; undefined if the settings do not have it. */
  authorityOf(agent: string): 'verify' | 'refuse' | undefined {
    const connection = this.connectionOf(agent);
    return connection === undefined ? undefined : this.settings?.connections[connection]?.authority;
  }

  /** Since when the region cannot receive changes of a home; undefined while it can. */
  disconnectedSince(region: string, home: string): number | undefined {
    if (region === home) return undefined;
    const since = [
      this.#ignoresSince.get(region),
      this.#severedSince.get(linkOf(region, BUS)),
      this.#severedSince.get(linkOf(home, BUS)),
      this.#deadSince.get(home),
    ].filter((each) => each !== undefined);
    return since.length > 0 ? Math.min(...since) : undefined;
  }

  /** Current largest delay of a home behind a platform without failures, in ms. */
  lagMs(connection: string): number {
    const home = this.settings?.connections[connection]?.home ?? '';
    return (this.#withinMs.get(connection) ?? 0) + (this.#latencyMs.get(linkOf(home, connection)) ?? 0);
  }

  /**
   * Time by which a change on a platform at `t` must have reached its home; Infinity if unknown.
   * @param lagMs {@link lagMs} at `t`
   */
  knownBy(connection: string, t: number, lagMs: number): number {
    const reconcileMs = this.settings?.reconcile_ms ?? Number.POSITIVE_INFINITY;
    let dueMs = t + lagMs + PROCESSING_MS;
    for (const { from, to = Number.POSITIVE_INFINITY, kind } of this.#disruptions.get(connection) ?? []) {
      const lastsMs = kind === 'dark' ? RECONNECTED_MS : RESUMED_MS;
      if (from > dueMs || t > to + lastsMs) continue;
      dueMs = Math.max(dueMs, kind === 'quiet' ? t + reconcileMs + lastsMs : to + lastsMs);
    }
    return dueMs;
  }

  #weather({ a, b, state, latency_ms, t }: WeatherLine): void {
    const link = linkOf(a, b);
    this.#latencyMs.set(link, latency_ms);
    const isSevered = state === 'cut' || state === 'stalled';
    if (!isSevered) this.#severedSince.delete(link);
    else if (!this.#severedSince.has(link)) this.#severedSince.set(link, t);
    for (const end of [a, b]) if (end in (this.settings?.connections ?? {})) this.#darken(end, t);
  }

  #instance(region: string, instance: string, isRunning: boolean, t: number): void {
    const running = this.#running.get(region) ?? new Set();
    this.#running.set(region, running);
    if (isRunning) running.add(instance);
    else running.delete(instance);
    if (running.size > 0) this.#deadSince.delete(region);
    else if (!this.#deadSince.has(region)) this.#deadSince.set(region, t);
    for (const [connection, { home }] of Object.entries(this.settings?.connections ?? {})) {
      if (home !== region) continue;
      this.#darken(connection, t);
      if (isRunning) continue;
      this.#disrupt(connection, 'quiet', true, t); // this instance may have run the connection
      this.#disrupt(connection, 'quiet', this.#withinMs.get(connection) === null, t);
    }
  }

  #store(region: string, isAlone: boolean, t: number): void {
    for (const [connection, { home }] of Object.entries(this.settings?.connections ?? {}))
      if (home === region) this.#disrupt(connection, 'alone', isAlone, t);
  }

  /** Updates the `dark` period of a connection: its home cannot reach the platform, or has no instance. */
  #darken(connection: string, t: number): void {
    const home = this.settings?.connections[connection]?.home ?? '';
    const isDark = this.#deadSince.has(home) || this.#severedSince.has(linkOf(home, connection));
    this.#disrupt(connection, 'dark', isDark, t);
  }

  /** Begins or ends a period of one kind. */
  #disrupt(connection: string, kind: DisruptionKind, lasts: boolean, t: number): void {
    const disruptions = (this.#disruptions.get(connection) ?? []).filter(({ to = t }) => to >= t - REMEMBERED_MS);
    this.#disruptions.set(connection, disruptions);
    const open = disruptions.findLast((each) => each.kind === kind && each.to === undefined);
    if (open && !lasts) open.to = t;
    if (!open && lasts) disruptions.push({ from: t, to: undefined, kind });
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}
