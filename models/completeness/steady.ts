import { Random } from '@muster/simulators/kit/random';
import { difference, digestOf, type Registers, registersOf, replacePart } from './registers.ts';

interface Conditions {
  /** Changes of agents of one home on one partition. */
  changesPerSecond: number;
  /** Of them, those that the reader learns over HTTP, 40 ms after they were made. */
  learnsPerSecond: number;
  /** From the home to the reader over the bus, on average. */
  delayMs: number;
}

export const CONDITIONS: readonly Conditions[] = [
  { changesPerSecond: 50, learnsPerSecond: 0, delayMs: 40 },
  { changesPerSecond: 50, learnsPerSecond: 10, delayMs: 100 },
  { changesPerSecond: 50, learnsPerSecond: 10, delayMs: 500 },
];

/** How often a reader that lacks nothing was called incomplete. */
interface HealthyHour {
  /** Digests compared after the batch: three heartbeats in a row differ. */
  uncut: number;
  /** Digests compared where the batch is cut at the heartbeat: three in a row differ. */
  cut: number;
  design: {
    /** Times that somebody was passed over, or that the last proof was too old. */
    alarms: number;
    /** Lists that were asked for. */
    lists: number;
    /** Age of the oldest proof that was relied on, by the home's clock at its mark, in s. */
    oldestProofS: number;
  };
}

const HOUR_MS = 3_600_000;
const HEARTBEAT_MS = 1000;
const AGENTS = 200;
/** Assumed: what is published within such a time reaches a reader in one batch, as it gathers at the relay and the reader. */
const BATCH_MS = { min: 10, max: 30 };
/** There and back. */
const HTTP_MS = 40;
/** Heartbeats in a row that differ make an alarm of the protocols that compare digests only. */
const ALARM = 3;
/** A difference is looked into when the last proof is older. */
const LIST_AFTER_MS = 5000;
/** A proof counts for as long as a watermark. */
const PROOF_LIFE_MS = 30_000;

/** A change; its version is its position in the home's stream. */
interface Change {
  agentId: string;
  version: number;
}

interface Heartbeat {
  atMs: number;
  /** What the home says of its store at this moment; set when it is sent. */
  digest: number;
  position: number;
}

interface Batch {
  closesMs: number;
  messages: (Change | Heartbeat)[];
}

interface Event {
  atMs: number;
  happens: () => void;
}

/** The agents of one store with their digest. */
class Store {
  digest = 0;
  /** Of the latest change that was taken in. */
  position = 0;
  readonly #versions = new Map<string, number>();
  readonly #parts = new Map<string, number>();

  /** Takes in a version if it is newer. */
  take({ agentId, version }: Change): void {
    this.position = Math.max(this.position, version);
    if (version <= (this.#versions.get(agentId) ?? 0)) return;
    const part = digestOf(agentId, registersAt(version));
    this.digest = replacePart(this.digest, this.#parts.get(agentId) ?? 0, part);
    this.#versions.set(agentId, version);
    this.#parts.set(agentId, part);
  }

  list(): Map<string, Registers> {
    return new Map([...this.#versions].map(([agentId, version]) => [agentId, registersAt(version)]));
  }
}

const registersAt = (version: number): Registers =>
  registersOf({ presence: { state: 'ON_DUTY', at: version, id: `event-${version}` } });

/** Simulates an hour in which nothing is lost: the same events for all protocols. */
export function healthyHour(conditions: Conditions, seed = 7): HealthyHour {
  const random = new Random(seed);
  const home = new Store();
  const reader = new Store();
  const uncut = new Alarms();
  const cut = new Alarms();
  const design = new Design(home, reader);
  const events: Event[] = [];
  const batches: Batch[] = [{ closesMs: 0, messages: [] }];
  const publish = (atMs: number, message: Change | Heartbeat): void => {
    const last = batches.at(-1);
    if (last && atMs < last.closesMs) last.messages.push(message);
    else batches.push({ closesMs: atMs + random.between(BATCH_MS.min, BATCH_MS.max), messages: [message] });
  };
  let position = 0;
  const heartbeatAt = (atMs: number): void => {
    const heartbeat: Heartbeat = { atMs, digest: 0, position };
    events.push({ atMs, happens: () => Object.assign(heartbeat, { digest: home.digest }) });
    publish(atMs, heartbeat);
  };
  let nextMs = HEARTBEAT_MS;
  const gapMs = 1000 / conditions.changesPerSecond;
  for (let atMs = 0; atMs < HOUR_MS; atMs += gapMs * -Math.log(1 - random.next())) {
    for (; nextMs <= atMs; nextMs += HEARTBEAT_MS) heartbeatAt(nextMs);
    position += 1;
    const change = { agentId: `agent-${random.below(AGENTS)}`, version: position };
    events.push({ atMs, happens: () => home.take(change) });
    if (random.chance(conditions.learnsPerSecond / conditions.changesPerSecond)) {
      events.push({ atMs: atMs + HTTP_MS, happens: () => reader.take(change) });
    }
    publish(atMs, change);
  }
  let arrivalMs = 0;
  for (const { closesMs, messages } of batches) {
    const delayMs = conditions.delayMs * random.between(0.5, 1.5);
    // A partition keeps its order.
    arrivalMs = Math.max(arrivalMs, closesMs + delayMs);
    const atMs = arrivalMs;
    events.push({ atMs, happens: () => apply(messages, atMs) });
  }
  const apply = (messages: Batch['messages'], atMs: number): void => {
    const heartbeats = messages.filter((message) => 'digest' in message);
    for (const message of messages) {
      if (!('digest' in message)) reader.take(message);
      else {
        cut.add(message.digest !== reader.digest);
        design.compare(message, atMs);
      }
    }
    for (const { digest } of heartbeats) uncut.add(digest !== reader.digest);
  };
  for (const { atMs, happens } of events.sort((a, b) => a.atMs - b.atMs)) {
    design.goOn(atMs);
    happens();
  }
  return { uncut: uncut.count, cut: cut.count, design: design.result() };
}

/** Counts alarms of a protocol that compares digests: several heartbeats in a row differ. */
class Alarms {
  count = 0;
  #row = 0;

  add(differs: boolean): void {
    this.#row = differs ? this.#row + 1 : 0;
    if (this.#row === ALARM) this.count += 1;
  }
}

/** The reader's side of the design: proofs by equal digests, else by lists at a mark that was applied. */
class Design {
  readonly #home: Store;
  readonly #reader: Store;
  #provenMs = 0;
  #oldestMs = 0;
  #alarms = 0;
  #lists = 0;
  #askedMs: number | undefined;
  #list: { atMs: number; position: number; agents: Map<string, Registers> } | undefined;

  constructor(home: Store, reader: Store) {
    this.#home = home;
    this.#reader = reader;
  }

  /** The home answers a request half of a round trip after it was sent. */
  goOn(nowMs: number): void {
    if (this.#askedMs === undefined || nowMs < this.#askedMs + HTTP_MS / 2) return;
    this.#list = { atMs: this.#askedMs + HTTP_MS / 2, position: this.#home.position, agents: this.#home.list() };
    this.#askedMs = undefined;
  }

  /** A heartbeat was applied, and nothing behind it. */
  compare(heartbeat: Heartbeat, nowMs: number): void {
    if (heartbeat.digest === this.#reader.digest) this.#provenMs = heartbeat.atMs;
    else if (this.#list) this.#compareList(heartbeat, nowMs);
    else if (this.#askedMs === undefined && nowMs - this.#provenMs > LIST_AFTER_MS) {
      this.#askedMs = nowMs;
      this.#lists += 1;
    }
    const ageMs = nowMs - this.#provenMs;
    this.#oldestMs = Math.max(this.#oldestMs, ageMs);
    if (ageMs > PROOF_LIFE_MS) this.#alarms += 1;
  }

  #compareList({ position }: Heartbeat, nowMs: number): void {
    const list = this.#list;
    if (!list || position < list.position || nowMs < list.atMs + HTTP_MS / 2) return;
    if (difference(this.#reader.list(), list.agents).lacking.length > 0) this.#alarms += 1;
    this.#provenMs = Math.max(this.#provenMs, list.atMs);
    this.#list = undefined;
  }

  result(): HealthyHour['design'] {
    return { alarms: this.#alarms, lists: this.#lists, oldestProofS: Math.round(this.#oldestMs / 1000) };
  }
}
