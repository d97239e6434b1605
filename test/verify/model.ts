import type { AgentEvent } from '../../src/agent/event.ts';
import type { Facets } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { HELD_MS, Histories, type Instance, presence } from './histories.ts';
import { Mirrors } from './mirrors.ts';

export const OPS = [
  'claim',
  'claim',
  'confirm',
  'renew',
  'release',
  'complete',
  'pass',
  'event',
  'deliver',
  'deliver',
  'change',
  'sync',
  'tell',
  'vouch',
  'turn',
] as const;

export interface Step {
  op: (typeof OPS)[number];
  agent: string;
  asker: number;
  dtMs: number;
}

interface Lock {
  fence: number;
  call: string;
  until: number;
  /** Who granted it. */
  by: Instance;
}

export const AGENTS = ['cloud-eu:ann', 'cloud-us:bob', 'cloud-eu:cid'] as const;
const [ANN] = AGENTS;
/** Of whom nobody else speaks. */
const DEE = 'cloud-eu:dee';
const SLOWEST_MS = 7;

/**
 * Regions that keep every promise, with all that makes honest histories look odd: answers told late, askers and homes
 * that both report, retries, lapses, late confirms, refusals, claims in a home's stead, events doubled, reordered and
 * told before accepted, answers that are old and say so.
 */
export class Model {
  readonly world = new Histories();
  readonly #outsider = this.world.outsider({
    connections: { 'cloud-eu': { home: 'eu', authority: 'verify' }, 'cloud-us': { home: 'us', authority: 'verify' } },
  });
  readonly #eu = this.world.instance('eu');
  readonly #us = this.world.instance('us');
  readonly #mirrors = new Mirrors(this.world, this.#outsider, ['cloud-eu', 'cloud-us']);
  /** By who granted and the agent. */
  readonly #locks = new Map<string, Lock>();
  /** Everything that was ever granted, by agent. */
  readonly #granted = new Map<string, Lock[]>();
  readonly #facets = new Map<string, Facets>();
  #late: (() => void)[] = [];
  #undelivered: { region: Instance; event: AgentEvent }[] = [];
  #calls = 0;
  #events = 0;
  #fence = 0;

  step({ op, agent, asker, dtMs }: Step): void {
    const home = this.#homeOf(agent);
    const region = asker === 0 ? this.#eu : this.#us;
    const startedMs = this.world.now;
    this.world.now += 1 + (dtMs % SLOWEST_MS);
    if (op === 'claim') this.#claim(agent, home, region, startedMs);
    else if (op === 'pass') this.world.now += dtMs;
    else if (op === 'event') this.#accept(agent, home, dtMs);
    else if (op === 'deliver') this.#deliver(dtMs, dtMs % 3 > 0);
    else if (op === 'change') this.#mirrors.change(agent);
    else if (op === 'sync') this.#mirrors.sync(region, home);
    else if (op === 'tell' || op === 'vouch') this.#mirrors.tell(region, home, agent, op === 'vouch');
    else if (op === 'turn') this.#mirrors.turn(region);
    else this.#settle(op, agent, this.#locks.has(keyOf(region, agent)) ? region : home, startedMs);
  }

  #claim(agent: string, home: Instance, asker: Instance, startedMs: number): void {
    const granter = this.#mirrors.isDeaf(asker, home) ? asker : home;
    const lock = this.#locks.get(keyOf(granter, agent));
    const granted = lock && lock.until > this.world.now ? lock : this.#grant(agent, granter, startedMs);
    this.#tell(granter, agent, granted, startedMs);
    this.#tellLate();
    this.world.now += 1;
    if (asker !== granter) this.#tell(asker, agent, granted, startedMs);
  }

  /** A fence of a region alone may be lower than another one's. */
  #grant(agent: string, by: Instance, startedMs: number): Lock {
    const fence = Math.max(++this.#fence, (this.#locks.get(keyOf(by, agent))?.fence ?? 0) + 1);
    const lock = { fence, call: `c${++this.#calls}`, until: startedMs + HELD_MS, by };
    this.#locks.set(keyOf(by, agent), lock);
    const others = this.#granted.get(agent) ?? [];
    for (const other of others) if (other.by !== by) this.#report(agent, other, lock);
    this.#granted.set(agent, [...others, lock]);
    return lock;
  }

  /** Whether or not they held the agent at one time: a report too many harms nobody. */
  #report(agent: string, one: Lock, other: Lock): void {
    const party = ({ fence, call, by }: Lock) => ({ fence, call, region: by.region });
    this.#homeOf(agent).history.conflict({ agent, kept: party(one), lost: party(other), overlap: 'possible' });
  }

  #tell(teller: Instance, agent: string, { fence, call, until, by }: Lock, startedMs: number): void {
    const heldMs = Math.max(0, until - this.world.now);
    const stead = by === this.#homeOf(agent) ? {} : { mode: 'verified' as const };
    teller.granted(call, agent, fence, { home: by.region, heldMs, startedMs, ...stead });
  }

  #settle(op: 'confirm' | 'renew' | 'release' | 'complete', agent: string, by: Instance, startedMs: number): void {
    const lock = this.#locks.get(keyOf(by, agent));
    if (!lock) by.history.settleRefused({ op, agent, fence: 1, reason: 'not_held' });
    else if (op === 'confirm' || op === 'renew') this.#keep(op, agent, lock, startedMs);
    else this.#end(op, agent, lock, startedMs);
  }

  #keep(op: 'confirm' | 'renew', agent: string, lock: Lock, startedMs: number): void {
    lock.until = startedMs + HELD_MS;
    lock.by.kept(op, agent, lock.fence, { startedMs, heldMs: lock.until - this.world.now });
    this.#tellLate();
  }

  /** The answer to a release is told only after whatever comes next. */
  #end(op: 'release' | 'complete', agent: string, lock: Lock, startedMs: number): void {
    const { fence, by } = lock;
    if (lock.until <= this.world.now) {
      by.history.settleRefused({ op, agent, fence, reason: 'not_held' });
      return;
    }
    lock.until = this.world.now;
    this.#late.push(() => by.ended(op, agent, fence, startedMs));
  }

  #tellLate(): void {
    for (const tell of this.#late) tell();
    this.#late = [];
  }

  #accept(agent: string, home: Instance, jitterMs: number): void {
    const event = presence(agent, ++this.#events * 5 - (jitterMs % 20), home.region);
    event.eventId = `e${this.#events}`;
    this.#undelivered.push(...[this.#eu, this.#us].map((region) => ({ region, event })));
    if (jitterMs % 2) this.#deliver(this.#undelivered.length - 1, false);
    home.history.eventAccepted(event);
  }

  /** Any of those under way, so that order is lost; `keep` delivers it again later. */
  #deliver(index: number, keep: boolean): void {
    const at = index % Math.max(1, this.#undelivered.length);
    const [next] = keep ? this.#undelivered.slice(at, at + 1) : this.#undelivered.splice(at, 1);
    if (!next) return;
    const key = keyOf(next.region, next.event.agentId);
    const { facets, outcome } = merge(this.#facets.get(key) ?? {}, next.event.facets);
    this.#facets.set(key, facets);
    next.region.handled(next.event, outcome);
  }

  finish(): void {
    this.#tellLate();
    while (this.#undelivered.length > 0) this.#deliver(0, false);
    this.world.now += 1;
    this.#outsider.drained();
    this.#outsider.converged({ differing: 0, differences: [] });
  }

  /** One grant too many: the home hands out an agent who is held. */
  injectOverlap(): void {
    this.#tellLate();
    this.world.now += 1;
    this.step({ op: 'claim', agent: ANN, asker: 0, dtMs: 0 });
    this.#eu.granted('one too many', ANN, ++this.#fence);
    this.world.now += 1;
  }

  /** One event that no other region ever hears of, newer than all the others. */
  injectLoss(): void {
    const event = presence(ANN, 1_000_000);
    this.#eu.history.eventAccepted(event);
    this.#undelivered.push({ region: this.#eu, event });
    this.#deliver(this.#undelivered.length - 1, false);
  }

  /** A region that grants another one's agent as if it were the home. */
  injectUsurper(): void {
    this.#us.granted('not yours', DEE, 1, { home: 'eu' });
  }

  /** Two claims that meet and that nobody reports. */
  injectSilence(): void {
    this.#eu.granted('the one', DEE, 1);
    this.world.now += 1;
    this.#us.granted('the other', DEE, 2, { mode: 'verified' });
  }

  injectUnderstatement(): void {
    this.#mirrors.understate(this.#eu, this.#eu, ANN);
  }

  injectConcealment(): void {
    this.#mirrors.concealCut(this.#us, this.#eu, ANN);
  }

  #homeOf(agent: string): Instance {
    return agent.startsWith('cloud-eu:') ? this.#eu : this.#us;
  }
}

function keyOf({ region }: Instance, agent: string): string {
  return `${region} ${agent}`;
}
