import type { Witness } from '@muster/simulators/kit/witness';
import type { Facets } from '../../src/agent/facets.ts';
import { PROCESSING_MS } from '../../src/verify/surroundings.ts';
import type { WorldHistory } from '../../world/reports/world-history.ts';
import { type Histories, type Instance, SETTINGS } from './histories.ts';

const LAG_MS = 150;
/** A home of the model has heard of a change by then, in ms. */
const HEARD_MS = LAG_MS + PROCESSING_MS - 1;

interface Change {
  t: number;
  at: number;
}

/**
 * What honest regions say of agents: a home knows what its platform told it, as late as it may; another region has what
 * the home had when the two last heard of each other, and says how long ago that was.
 */
export class Mirrors {
  readonly #world: Histories;
  readonly #outsider: WorldHistory;
  readonly #platforms = new Map<string, Witness>();
  readonly #changes = new Map<string, Change[]>();
  readonly #heardAt = new Map<string, number>();
  readonly #cut = new Set<string>();
  #at = 0;

  constructor(world: Histories, outsider: WorldHistory, connections: readonly string[]) {
    this.#world = world;
    this.#outsider = outsider;
    for (const name of connections) {
      const platform = outsider.witness(name);
      platform.notifies(LAG_MS);
      this.#platforms.set(name, platform);
    }
  }

  /** Something happens to the agent on their platform. */
  change(agent: string): void {
    const [connection = '', userId = ''] = agent.split(':');
    const change = { t: this.#world.now, at: ++this.#at };
    this.#changes.set(agent, [...(this.#changes.get(agent) ?? []), change]);
    this.#platforms.get(connection)?.changed({ userId, what: 'routingStatus', value: 'IDLE', atMs: change.at });
  }

  /** The region hears everything that the home has published, unless one of them is cut off. */
  sync(region: Instance, home: Instance): void {
    if (!this.isDeaf(region, home)) this.#heardAt.set(`${region.region} ${home.region}`, this.#world.now);
  }

  /** Cuts a region off from the bus, or lets it back. */
  turn(region: Instance): void {
    const isCut = this.#cut.has(region.region);
    const state = isCut ? 'clear' : 'cut';
    this.#outsider.weather({ a: region.region, b: 'bus', state, latencyMs: 0 });
    if (isCut) this.#cut.delete(region.region);
    else this.#cut.add(region.region);
  }

  isDeaf(region: Instance, home: Instance): boolean {
    return region !== home && (this.#cut.has(region.region) || this.#cut.has(home.region));
  }

  /** Somebody asks the region about an agent, who is told of as old as they are, or the platform is asked at once. */
  tell(region: Instance, home: Instance, agent: string, vouched: boolean): void {
    const { now } = this.#world;
    const heardAt = region === home ? now : this.#heardAt.get(`${region.region} ${home.region}`);
    const ageMs = heardAt === undefined ? null : now - heardAt;
    const stale = !vouched && (ageMs === null || ageMs > SETTINGS.stale_ms);
    const knowsUntil = vouched ? now : (heardAt ?? Number.NEGATIVE_INFINITY) - HEARD_MS;
    const last = this.#changes.get(agent)?.findLast(({ t }) => t <= knowsUntil);
    const wordMs = vouched ? 0 : ageMs;
    const limit = wordMs === null ? {} : { limit: { maxAgeMs: Math.max(0, wordMs - 2), sinceMs: now - 2 } };
    const telling = { home: home.region, ageMs, stale, ...(vouched && { vouchedMs: 0 }), toldMs: wordMs, ...limit };
    region.told(agent, last ? idle(last.at) : {}, telling);
  }

  /** Says that an agent is as of now, and leaves out what happened a while ago. */
  understate(region: Instance, home: Instance, agent: string): void {
    this.change(agent);
    this.#world.now += HEARD_MS + 1;
    region.told(agent, {}, { home: home.region, ageMs: 0 });
  }

  /** Tells a caller who allows less of an agent whom the region knows of from before. */
  exceed(region: Instance, home: Instance, agent: string): void {
    this.change(agent);
    this.#world.now += HEARD_MS + 501;
    const ageMs = HEARD_MS + 502;
    const limit = { maxAgeMs: 500, sinceMs: this.#world.now };
    region.told(agent, {}, { home: home.region, ageMs, toldMs: ageMs, limit });
  }

  /** Is cut off for long, and does not say so. */
  concealCut(region: Instance, home: Instance, agent: string): void {
    if (!this.isDeaf(region, home)) this.turn(region);
    this.#world.now += SETTINGS.stale_ms + SETTINGS.heartbeat_ms + 2001;
    region.told(agent, idle(Number.MAX_SAFE_INTEGER), { home: home.region, ageMs: 0 });
  }
}

function idle(at: number): Facets {
  return { activity: { state: 'IDLE', at, id: `e${at}` } };
}
