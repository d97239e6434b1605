import type { WeatherLine, WorldSettings } from '../ops/world-line.ts';
import type { Line } from './read.ts';

/** The end of every link to the event bus. */
const BUS = 'bus';

/** A time, in ms of `t`, in which a home might not hear of what happened on a platform. `to` is undefined while it lasts. */
interface Trouble {
  from: number;
  to: number | undefined;
  kind: TroubleKind;
}

/**
 * `quiet`: notifications may be lost. `dark`: the home cannot read the platform either. `alone`: what it heard is on one node
 * only, and a failover may take it.
 */
type TroubleKind = 'quiet' | 'dark' | 'alone';

/** From a notification, or the platform's answer, to what callers are told, in ms: a generous bound for a busy region. */
export const PROCESSING_MS = 2000;
/** A connection that was lost is made again within this, its backoff included, and everything is read, in ms. */
const RECONNECTED_MS = 70_000;
/** When notifications were lost but nothing else, in ms: a socket is made anew, a peer takes a connection over. */
const RESUMED_MS = 15_000;
/** How long a trouble matters after it is over, in ms. */
const REMEMBERED_MS = 10 * 60_000;

/** What the world's own lines tell: who is whose home, who can hear whom, what the homes can know of their platforms. */
export class Surroundings {
  settings: WorldSettings | undefined;
  readonly #latencyMs = new Map<string, number>();
  readonly #ignoresSince = new Map<string, number>();
  readonly #severedSince = new Map<string, number>();
  readonly #running = new Map<string, Set<string>>();
  readonly #deadSince = new Map<string, number>();
  readonly #withinMs = new Map<string, number | null>();
  readonly #troubles = new Map<string, Trouble[]>();

  see(line: Line): void {
    if (line.op === 'world' && line.phase === 'settings') this.settings = line;
    if (line.op === 'weather') this.#weather(line);
    if (line.op === 'bus' && line.phase === 'taken') this.#ignoresSince.delete(line.region);
    if (line.op === 'bus' && line.phase === 'ignored') this.#ignoresSince.set(line.region, line.t);
    if (line.op === 'store') this.#store(line.region, line.phase === 'alone', line.t);
    if (line.op === 'instance') this.#instance(line.region, line.instance, line.phase === 'started', line.t);
    if (line.op !== 'platform' || line.phase !== 'notifies') return;
    this.#withinMs.set(line.connection, line.within_ms);
    this.#trouble(line.connection, 'quiet', line.within_ms === null, line.t);
  }

  connectionOf(agent: string): string | undefined {
    const name = agent.slice(0, agent.indexOf(':'));
    return this.settings && name in this.settings.connections ? name : undefined;
  }

  homeOf(agent: string): string | undefined {
    const connection = this.connectionOf(agent);
    return connection === undefined ? undefined : this.settings?.connections[connection]?.home;
  }

  /** Whether another region may grant the agent in the home's stead; undefined where the settings do not say. */
  authorityOf(agent: string): 'verify' | 'refuse' | undefined {
    const connection = this.connectionOf(agent);
    return connection === undefined ? undefined : this.settings?.connections[connection]?.authority;
  }

  /** Since when the region has been unable to hear of what happens at a home; undefined while it can. */
  deafSince(region: string, home: string): number | undefined {
    if (region === home) return undefined;
    const since = [
      this.#ignoresSince.get(region),
      this.#severedSince.get(linkOf(region, BUS)),
      this.#severedSince.get(linkOf(home, BUS)),
      this.#deadSince.get(home),
    ].filter((each) => each !== undefined);
    return since.length > 0 ? Math.min(...since) : undefined;
  }

  /** How late a home may hear at present of what happens on a platform, if all is well, in ms. */
  lagMs(connection: string): number {
    const home = this.settings?.connections[connection]?.home ?? '';
    return (this.#withinMs.get(connection) ?? 0) + (this.#latencyMs.get(linkOf(home, connection)) ?? 0);
  }

  /**
   * By when what happened on a platform at `t` must be in its home's copy; Infinity where that cannot be told.
   * @param lagMs {@link lagMs} at `t`
   */
  knownBy(connection: string, t: number, lagMs: number): number {
    const reconcileMs = this.settings?.reconcile_ms ?? Number.POSITIVE_INFINITY;
    let dueMs = t + lagMs + PROCESSING_MS;
    for (const { from, to = Number.POSITIVE_INFINITY, kind } of this.#troubles.get(connection) ?? []) {
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
      this.#trouble(connection, 'quiet', true, t); // it may have had the connection
      this.#trouble(connection, 'quiet', this.#withinMs.get(connection) === null, t);
    }
  }

  #store(region: string, isAlone: boolean, t: number): void {
    for (const [connection, { home }] of Object.entries(this.settings?.connections ?? {}))
      if (home === region) this.#trouble(connection, 'alone', isAlone, t);
  }

  /** A home that cannot reach the platform, or that nobody serves, knows nothing new. */
  #darken(connection: string, t: number): void {
    const home = this.settings?.connections[connection]?.home ?? '';
    const isDark = this.#deadSince.has(home) || this.#severedSince.has(linkOf(home, connection));
    this.#trouble(connection, 'dark', isDark, t);
  }

  /** Notes that a trouble of one kind goes on, or does not. */
  #trouble(connection: string, kind: TroubleKind, lasts: boolean, t: number): void {
    const troubles = (this.#troubles.get(connection) ?? []).filter(({ to = t }) => to >= t - REMEMBERED_MS);
    this.#troubles.set(connection, troubles);
    const open = troubles.findLast((each) => each.kind === kind && each.to === undefined);
    if (open && !lasts) open.to = t;
    if (!open && lasts) troubles.push({ from: t, to: undefined, kind });
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}
