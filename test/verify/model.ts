import type { AgentEvent } from '../../src/agent/event.ts';
import type { Facets } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { HELD_MS, Histories, type Instance, presence } from './histories.ts';

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
] as const;

export interface Step {
  op: (typeof OPS)[number];
  agent: string;
  asker: number;
  dtMs: number;
}

/**
 * Regions that keep every promise, with all that makes honest histories look odd: answers told late, askers and homes
 * that both report, retries, lapses, late confirms, refusals, events doubled, reordered and told before accepted.
 */
export class Model {
  readonly world = new Histories();
  readonly #regions = ['eu', 'us'].map((name) => this.world.instance(name));
  readonly #locks = new Map<string, { fence: number; call: string; until: number }>();
  readonly #facets = new Map<string, Facets>();
  #late: (() => void)[] = [];
  #undelivered: { region: Instance; event: AgentEvent }[] = [];
  #calls = 0;
  #events = 0;

  step({ op, agent, asker, dtMs }: Step): void {
    const home = this.#region(agent.charCodeAt(0));
    const lock = this.#locks.get(agent);
    const startedMs = this.world.now;
    this.world.now += 1 + (dtMs % 7);
    if (op === 'claim') this.#claim(agent, home, this.#region(asker), startedMs);
    else if (op === 'pass') this.world.now += dtMs;
    else if (op === 'event') this.#accept(agent, home, dtMs);
    else if (op === 'deliver') this.#deliver(dtMs, dtMs % 3 > 0);
    else if (!lock) home.history.settleRefused({ op, agent, fence: 1, reason: 'not_held' });
    else if (op === 'confirm' || op === 'renew') this.#keep(op, agent, lock, home, startedMs);
    else this.#end(op, agent, lock.fence, home, startedMs);
  }

  #claim(agent: string, home: Instance, asker: Instance, startedMs: number): void {
    const lock = this.#locks.get(agent);
    const isFree = !lock || lock.until <= this.world.now;
    const fence = (lock?.fence ?? this.world.now) + 1;
    const granted = isFree ? { fence, call: `c${++this.#calls}`, until: startedMs + HELD_MS } : lock;
    this.#locks.set(agent, granted);
    this.#tell(home, agent, granted, home, startedMs);
    this.#tellLate();
    this.world.now += 1;
    if (asker !== home) this.#tell(asker, agent, granted, home, startedMs);
  }

  #tell(
    teller: Instance,
    agent: string,
    lock: { fence: number; call: string; until: number },
    home: Instance,
    startedMs: number,
  ) {
    const heldMs = Math.max(0, lock.until - this.world.now);
    teller.granted(lock.call, agent, lock.fence, { home: home.region, heldMs, startedMs });
  }

  #keep(
    op: 'confirm' | 'renew',
    agent: string,
    lock: { fence: number; until: number },
    home: Instance,
    startedMs: number,
  ) {
    lock.until = startedMs + HELD_MS;
    home.kept(op, agent, lock.fence, { startedMs, heldMs: lock.until - this.world.now });
    this.#tellLate();
  }

  /** The answer to a release is told only after whatever comes next. */
  #end(op: 'release' | 'complete', agent: string, fence: number, home: Instance, startedMs: number): void {
    const lock = this.#locks.get(agent);
    if (!lock || lock.until <= this.world.now) {
      home.history.settleRefused({ op, agent, fence, reason: 'not_held' });
      return;
    }
    lock.until = this.world.now;
    this.#late.push(() => home.ended(op, agent, fence, startedMs));
  }

  #tellLate(): void {
    for (const tell of this.#late) tell();
    this.#late = [];
  }

  #accept(agent: string, home: Instance, jitterMs: number): void {
    const event = presence(agent, ++this.#events * 5 - (jitterMs % 20), home.region);
    event.eventId = `e${this.#events}`;
    this.#undelivered.push(...this.#regions.map((region) => ({ region, event })));
    if (jitterMs % 2) this.#deliver(this.#undelivered.length - 1, false);
    home.history.eventAccepted(event);
  }

  /** Any of those under way, so that order is lost; `keep` delivers it again later. */
  #deliver(index: number, keep: boolean): void {
    const at = index % Math.max(1, this.#undelivered.length);
    const [next] = keep ? this.#undelivered.slice(at, at + 1) : this.#undelivered.splice(at, 1);
    if (!next) return;
    const key = `${next.region.region} ${next.event.agentId}`;
    const { facets, outcome } = merge(this.#facets.get(key) ?? {}, next.event.facets);
    this.#facets.set(key, facets);
    next.region.handled(next.event, outcome);
  }

  finish(): void {
    this.#tellLate();
    while (this.#undelivered.length > 0) this.#deliver(0, false);
  }

  /** One grant too many: another region hands out an agent who is held. */
  injectOverlap(): void {
    this.#tellLate();
    this.world.now += 1;
    this.step({ op: 'claim', agent: 'ann', asker: 0, dtMs: 0 });
    const fence = (this.#locks.get('ann')?.fence ?? 0) + 1;
    this.#region(1).granted('one too many', 'ann', fence);
    this.world.now += 1;
  }

  /** One event that no other region ever hears of, newer than all the others. */
  injectLoss(): void {
    const event = presence('ann', 1_000_000);
    this.#region(0).history.eventAccepted(event);
    this.#undelivered.push({ region: this.#region(0), event });
    this.#deliver(this.#undelivered.length - 1, false);
  }

  #region(index: number): Instance {
    const region = this.#regions[index % this.#regions.length];
    if (!region) throw new Error('no regions');
    return region;
  }
}
