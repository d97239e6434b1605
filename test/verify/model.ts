import type { Facets } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { HELD_MS, Histories, type Instance, presence } from './histories.ts';
import { LedgerLines } from './ledger-lines.ts';
import { Mirrors } from './mirrors.ts';

/** No step says anything of this one. */
const ZOE = 'cloud-eu:zoe';

export const OPS = [
  'claim',
  'claim',
  'confirm',
  'renew',
  'release',
  'complete',
  'over',
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
  /** Whether its caller has ever heard of it: nobody confirms what was never told. */
  isTold?: true;
}

export const AGENTS = ['cloud-eu:ann', 'cloud-us:bob', 'cloud-eu:cid'] as const;
const [ANN] = AGENTS;
/** Of whom nobody else speaks. */
const [DEE, EVE] = ['cloud-eu:dee', 'cloud-eu:eve'];
const SLOWEST_MS = 7;

/**
 * Regions that keep every promise, with all that makes honest histories look odd: answers told late, askers and homes
 * that both report, retries, lapses, late confirms, refusals, claims in a home's stead, events doubled, reordered and
 * told before accepted, answers that are old and say so; and callers whose answers are lost, who give up and are not
 * told what came of it, whose calls end by themselves.
 */
export class Model {
  readonly world = new Histories();
  readonly #outsider = this.world.outsider({
    replication: 'refuse',
    connections: { 'cloud-eu': { home: 'eu', authority: 'verify' }, 'cloud-us': { home: 'us', authority: 'verify' } },
  });
  readonly #callers = new LedgerLines(this.world);
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
    if (op === 'claim') this.#claim(agent, home, region, { startedMs, isLost: dtMs % 5 === 0 });
    else if (op === 'pass') this.world.now += dtMs;
    else if (op === 'event') this.#accept(agent, home, dtMs);
    else if (op === 'deliver') this.#deliver(dtMs, dtMs % 3 > 0);
    else if (op === 'change') this.#mirrors.change(agent);
    else if (op === 'sync') this.#mirrors.sync(region, home);
    else if (op === 'tell' || op === 'vouch') this.#mirrors.tell(region, home, agent, op === 'vouch');
    else if (op === 'turn') this.#mirrors.turn(region);
    else if (op === 'over')
      this.#end('complete', agent, this.#locks.get(keyOf(home, agent)), { startedMs, how: 'over' });
    else
      this.#settle(op, agent, this.#locks.has(keyOf(region, agent)) ? region : home, { startedMs, how: howOf(dtMs) });
  }

  #claim(
    agent: string,
    home: Instance,
    asker: Instance,
    { startedMs, isLost }: { startedMs: number; isLost: boolean },
  ): void {
    const granter = this.#mirrors.isDeaf(asker, home) ? asker : home;
    const lock = this.#locks.get(keyOf(granter, agent));
    const granted = lock && lock.until > this.world.now ? lock : this.#grant(agent, granter, startedMs);
    this.#tell(granter, agent, granted, startedMs);
    this.#tellLate();
    this.world.now += 1;
    if (asker !== granter) this.#tell(asker, agent, granted, startedMs);
    this.world.now += 1;
    if (isLost) this.#callers.unanswered('claim', granted.call, agent, granted.fence, startedMs);
    else this.#answer('claim', agent, granted, startedMs);
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

  /** What the caller is told of a claim that holds the agent. */
  #answer(asked: 'claim' | 'confirm' | 'renew', agent: string, lock: Lock, since: number): void {
    lock.isTold = true;
    const { fence, call, until, by } = lock;
    const mode = by === this.#homeOf(agent) ? 'home' : 'verified';
    const heldMs = Math.max(0, until - this.world.now);
    this.#callers.told(asked, call, agent, fence, { since, held_ms: heldMs, mode, home: by.region, replicated: true });
  }

  #settle(
    op: 'confirm' | 'renew' | 'release' | 'complete',
    agent: string,
    by: Instance,
    asked: { startedMs: number; how: How },
  ): void {
    const lock = this.#locks.get(keyOf(by, agent));
    if (!lock) by.history.settleRefused({ op, agent, fence: 1, reason: 'not_held' });
    else if (op === 'confirm' || op === 'renew') lock.isTold && this.#keep(op, agent, lock, asked.startedMs);
    else this.#end(op, agent, lock, asked);
  }

  #keep(op: 'confirm' | 'renew', agent: string, lock: Lock, startedMs: number): void {
    lock.until = startedMs + HELD_MS;
    lock.by.kept(op, agent, lock.fence, { startedMs, heldMs: lock.until - this.world.now });
    this.world.now += 1;
    this.#answer(op, agent, lock, startedMs);
    this.#tellLate();
  }

  /** The answer to a release is told only after whatever comes next. */
  #end(
    op: 'release' | 'complete',
    agent: string,
    lock: Lock | undefined,
    { startedMs, how }: { startedMs: number; how: How },
  ): void {
    if (!lock) return;
    const { fence, by, call } = lock;
    if (how === 'over') this.#callers.over(call, agent);
    if (lock.until <= this.world.now) {
      by.history.settleRefused({ op, agent, fence, reason: 'not_held' });
      if (how !== 'over') this.#callers.told(op, call, agent, fence, { since: startedMs, code: 'claim_ended' });
      return;
    }
    lock.until = this.world.now;
    this.#late.push(() => {
      by.ended(op, agent, fence, startedMs);
      if (how === 'told') this.#callers.told(op, call, agent, fence, { since: startedMs });
      if (how === 'unanswered') this.#callers.unanswered(op, call, agent, fence, startedMs);
    });
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

  /** One event that no replica had and no other region was told, as if a failover had taken it; but its home still has it. */
  injectWithheld(): void {
    const event = presence(ZOE, 2);
    this.#eu.history.eventAccepted(event);
    this.#eu.handled(event, 'applied', this.world.now, true);
    this.world.now += 1;
    this.#eu.told(ZOE, event.facets);
  }

  /** One event that another region was told, and that a failover took from its home. */
  injectForgottenAtHome(): void {
    const event = presence(ZOE, 2);
    this.#eu.history.eventAccepted(event);
    for (const region of [this.#eu, this.#us]) region.handled(event, 'applied', this.world.now, region === this.#eu);
    this.world.now += 1;
    this.#eu.told(ZOE, presence(ZOE, 1).facets);
  }

  /** One event that a failover took together with its message. */
  injectFailover(): void {
    const event = presence(ZOE, 2);
    this.#eu.history.eventAccepted(event);
    this.#eu.handled(event, 'applied', this.world.now, true);
    this.world.now += 1;
    this.#eu.told(ZOE, presence(ZOE, 1).facets);
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

  /** Two callers are told of one agent, and the instances' histories show nothing of it. */
  injectSecondHolder(): void {
    this.#grantTo(DEE, 1);
    this.#eu.ended('release', DEE, 1);
    this.#callers.told('release', 'call 1', DEE, 1);
    this.world.now += 1;
    this.#grantTo(DEE, 2);
    this.#callers.told('claim', 'call 1', DEE, 1, { status: 200 });
    this.world.now += 1;
  }

  /** A caller who gave nothing up is told that the claim has ended. */
  injectOwnEnd(): void {
    this.#grantTo(DEE, 1);
    this.#callers.told('renew', 'call 1', DEE, 1, { code: 'claim_ended' });
    this.world.now += 1;
  }

  injectUnreplicated(): void {
    this.#grantTo(DEE, 1, { replicated: false });
  }

  /** One call, two agents, and no report. */
  injectTwoAgents(): void {
    this.#grantTo(DEE, 1, { call: 'both' });
    this.#callers.told('confirm', 'both', DEE, 1);
    this.#grantTo(EVE, 2, { call: 'both' });
    this.#callers.told('confirm', 'both', EVE, 2);
    this.world.now += 2000;
  }

  /** An end that nobody asked for. */
  injectTakeaway(): void {
    this.#grantTo(DEE, 1);
    this.#eu.ended('release', DEE, 1);
    this.world.now += 1;
  }

  #grantTo(agent: string, fence: number, { call = `call ${fence}`, replicated = true } = {}): void {
    this.#eu.granted(call, agent, fence);
    this.world.now += 1;
    this.#callers.told('claim', call, agent, fence, { home: 'eu', replicated });
    this.world.now += 1;
  }

  injectUnderstatement(): void {
    this.#mirrors.understate(this.#eu, this.#eu, ANN);
  }

  injectOldWord(): void {
    this.#mirrors.exceed(this.#eu, this.#eu, ANN);
  }

  injectConcealment(): void {
    this.#mirrors.concealCut(this.#us, this.#eu, ANN);
  }

  #homeOf(agent: string): Instance {
    return agent.startsWith('cloud-eu:') ? this.#eu : this.#us;
  }
}

/** What becomes of the question of a caller who gives a claim up, or whether the call ends by itself. */
type How = 'told' | 'unanswered' | 'over';

const howOf = (dtMs: number): How => (dtMs % 4 === 0 ? 'unanswered' : 'told');

function keyOf({ region }: Instance, agent: string): string {
  return `${region} ${agent}`;
}
