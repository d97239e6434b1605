import { EventEmitter } from 'node:events';
import type { WeatherState } from '../../src/ops/world-line.ts';
import { type Latency, TcpProxy } from './proxy.ts';

/** Name of the event bus as an end of links. */
export const BUS = 'bus';

/** The path of one region to another end. */
export interface Route {
  region: string;
  /** A region, a connection, or `bus`. */
  to: string;
  /** The port on 127.0.0.1 that it leads to; called for each connection. */
  target: () => number;
  usual: Latency;
}

/** The present state of a link. `latencyMs` is one way, and has no meaning while the link is cut or stalled. */
export interface LinkReport extends Latency {
  a: string;
  b: string;
  state: WeatherState;
}

/** An unknown link; the message names the known ones. */
export class UnknownLink extends Error {}

/** The routes between two ends. Between two regions there are two, one from each, which always change together. */
class Link {
  readonly ends: readonly [a: string, b: string];
  readonly #routes: [TcpProxy, ...TcpProxy[]];
  readonly #usual: Latency;
  readonly #changed: (link: Link) => void;

  constructor(ends: [string, string], routes: [TcpProxy, ...TcpProxy[]], changed: (link: Link) => void) {
    this.ends = ends;
    this.#routes = routes;
    this.#usual = routes[0].latency;
    this.#changed = changed;
  }

  /** Sets the latency, one way, in ms. A link that is cut or stalled stays so. */
  set(latency: Latency): void {
    this.#change((route) => route.set(latency));
  }

  /** Resets all its connections, and new ones at once. */
  cut(): void {
    this.#change((route) => route.cut());
  }

  /** Makes it a black hole. */
  stall(): void {
    this.#change((route) => route.stall());
  }

  /** Resets it to its state at the start. */
  clear(): void {
    this.#change((route) => route.clear());
  }

  /** The other end. */
  from(end: string): string {
    return this.ends[0] === end ? this.ends[1] : this.ends[0];
  }

  report(): LinkReport {
    const [{ passage, latency }] = this.#routes;
    const { latencyMs, jitterMs } = this.#usual;
    const isUsual = latency.latencyMs === latencyMs && latency.jitterMs === jitterMs;
    const state = passage !== 'open' ? passage : isUsual ? 'clear' : 'slow';
    const [a, b] = this.ends;
    return { a, b, state, ...latency };
  }

  #change(act: (route: TcpProxy) => void): void {
    for (const route of this.#routes) act(route);
    this.#changed(this);
  }
}

/**
 * All links of a local world: between regions, to the bus, to the platforms. Callers, users and a region's own Redis
 * Cluster have none.
 *
 * Emits `change` with the new state of a link, for every change.
 */
export class Weather extends EventEmitter<{ change: [LinkReport] }> {
  readonly links: readonly Link[];
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #regions: ReadonlySet<string>;

  constructor(routes: Route[]) {
    super();
    this.#regions = new Set(routes.map(({ region }) => region));
    const links = new Map<string, { ends: [string, string]; proxies: TcpProxy[] }>();
    for (const { region, to, target, usual } of routes) {
      const proxy = new TcpProxy(target, usual);
      this.#proxies.set(`${region} ${to}`, proxy);
      const link = links.get(`${to} ${region}`);
      if (link) link.proxies.push(proxy);
      else links.set(`${region} ${to}`, { ends: [region, to], proxies: [proxy] });
    }
    const changed = (link: Link): void => void this.emit('change', link.report());
    this.links = [...links.values()].map(
      ({ ends, proxies }) => new Link(ends, proxies as [TcpProxy, ...TcpProxy[]], changed),
    );
  }

  async start(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.start()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()));
  }

  /** The `host:port` by which a region reaches something, once the weather has started. */
  host(region: string, to: string): string {
    return `127.0.0.1:${this.port(region, to)}`;
  }

  /** The port of `host`. */
  port(region: string, to: string): number {
    const proxy = this.#proxies.get(`${region} ${to}`);
    if (!proxy) throw new UnknownLink(`${region} has no way to ${to}`);
    return proxy.port;
  }

  /** @throws UnknownLink */
  link(a: string, b: string): Link {
    const found = this.linksOf(a).find((link) => link.from(a) === b);
    if (found) return found;
    const others = this.linksOf(a).map((link) => link.from(a));
    throw new UnknownLink(`there is no link between ${a} and ${b}; ${a} has links to ${others.join(', ')}`);
  }

  /** All links of a region, of a connection, or of the bus. @throws UnknownLink if it has none */
  linksOf(end: string): Link[] {
    const found = this.links.filter(({ ends }) => ends.includes(end));
    if (found.length > 0) return found;
    const known = new Set(this.links.flatMap(({ ends }) => ends));
    throw new UnknownLink(`there is no ${end} in this world; there are ${[...known].join(', ')}`);
  }

  /**
   * Cuts a region off from the bus and from all other regions. Its platforms stay reachable unless asked for: they are on
   * the internet, not behind the network between regions, and the split worth a drill is the one in which both sides
   * still hear agents. `platforms` stands for a region whose whole network is down.
   */
  isolate(region: string, { platforms = false } = {}): void {
    for (const link of this.#linksOfRegion(region)) if (platforms || !this.#isToPlatform(link)) link.cut();
  }

  /** Ends an isolation: all links of the region are clear again, those to regions that are isolated too. */
  rejoin(region: string): void {
    this.#linksOfRegion(region);
    this.clear(region);
  }

  /** Resets all links, or those of one end. @throws UnknownLink */
  clear(end?: string): void {
    const links = end === undefined ? this.links : this.linksOf(end);
    for (const link of links) if (link.report().state !== 'clear') link.clear();
  }

  #linksOfRegion(region: string): Link[] {
    if (!this.#regions.has(region)) {
      throw new UnknownLink(`there is no region ${region}; there are ${[...this.#regions].join(', ')}`);
    }
    return this.linksOf(region);
  }

  #isToPlatform({ ends }: Link): boolean {
    return ends.some((end) => end !== BUS && !this.#regions.has(end));
  }
}
