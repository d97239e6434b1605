import { Random } from '@muster/simulators/kit/random';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import type { Facets } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import type { BusMessage } from '../../src/bus/bus.ts';
import { CLAIM_CONFLICT, HEARTBEAT, sealConflict, sealEvent, sealHeartbeat } from '../../src/bus/envelope.ts';

/** Header by which a message is found again, whatever else became of it. */
export const NUMBER = 'fuzz';
/** What a message is like, for the tally. */
export type Kind = 'valid' | 'mutated' | 'truncated' | 'ill-formed' | 'huge' | 'future' | 'other version' | 'repeated';

export interface FuzzedMessage {
  kind: Kind;
  message: BusMessage;
}

const AGENTS = 500;
const HALF = ['\ud800', '\udfff', '\ud83d'];
const DAY_MS = 86_400_000;
/** How many of a thousand are of each kind; the rest is mutated. */
const SHARES: [Kind, number][] = [
  ['valid', 400],
  ['repeated', 50],
  ['truncated', 100],
  ['ill-formed', 100],
  ['future', 50],
  ['other version', 50],
  ['huge', 2],
];
/** What stands where something else should. */
const JUNK: unknown[] = [
  ...[null, true, 0, -1, 0.5, 1e308, -1e308, 2 ** 53, '', ' ', '\u0000', 'AVAILABLE', '1764072000'],
  ...['__proto__', 'constructor', '%', '{"a":1}', [], [[]], {}, { toString: 1 }, [null], '💥'.repeat(150)],
];

/** The same messages for the same seed, of every kind that a bus may bring. */
export class FuzzedMessages {
  readonly #random: Random;
  readonly #nowMs: number;
  readonly #region: string;
  #count = 0;
  #last: BusMessage | undefined;

  constructor(seed: number, nowMs: number, region: string) {
    this.#random = new Random(seed);
    this.#nowMs = nowMs;
    this.#region = region;
  }

  next(): FuzzedMessage {
    const kind = this.#kind();
    const message = this.#make(kind);
    this.#last = message;
    const number = `${++this.#count}`;
    return { kind, message: { ...message, headers: { ...message.headers, [NUMBER]: number } } };
  }

  #kind(): Kind {
    let dice = this.#random.below(1000);
    for (const [kind, share] of SHARES) {
      if (dice < share) return kind;
      dice -= share;
    }
    return 'mutated';
  }

  #make(kind: Kind): BusMessage {
    const base = this.#valid();
    const { value } = base;
    switch (kind) {
      case 'valid':
        return base;
      case 'repeated':
        return this.#last ?? base;
      case 'truncated':
        return { ...base, value: value.slice(0, this.#random.below(value.length)) };
      case 'ill-formed':
        return this.#illFormed(base);
      case 'huge':
        return this.#huge(base);
      case 'future':
        return this.#changed(base, this.#anyOf(['timestamp', 'beat', 'steady_ms']), this.#futureMs());
      case 'other version':
        return this.#otherVersion(base);
      case 'mutated':
        return this.#mutated(base);
    }
  }

  /** As Muster or anybody else publishes it. */
  #valid(): BusMessage {
    const random = this.#random;
    const dice = random.below(20);
    if (dice === 0) return this.#heartbeat();
    if (dice === 1) return this.#conflict();
    const event = this.#event();
    const sealed = sealEvent(
      event,
      { status: random.pick(['AVAILABLE', 'BUSY', 'OFFLINE']) },
      this.#nowMs,
      OLDEST_EXCHANGE.sends,
    );
    if (dice > 9) return sealed;
    const plain = { event_id: event.eventId, agent_id: event.agentId, timestamp: event.timestampMs, status: 'BUSY' };
    return { key: event.agentId, headers: {}, value: JSON.stringify({ ...plain, region_source: this.#region }) };
  }

  #event(): AgentEvent {
    const random = this.#random;
    const agentId = `crm:fuzz-${random.below(AGENTS)}`;
    const eventId = `fuzz-${this.#count}`;
    const at = Math.round(this.#nowMs - random.below(DAY_MS));
    const version = { at, id: eventId };
    const skills = { billing: random.below(101), [`skill ${random.below(20)}`]: random.below(101) };
    const all: Facets = {
      profile: {
        name: `Fuzz ${random.below(99)}`,
        queues: ['crm:support'],
        skills,
        tenureDays: random.below(900),
        ...version,
      },
      presence: { state: random.pick(['ON_DUTY', 'PAUSED', 'OFF_DUTY']), ...version },
      activity: { state: random.pick(['IDLE', 'INTERACTING', 'NOT_RESPONDING']), ...version },
    };
    const names = random.some(Object.keys(all) as (keyof Facets)[], 1 + random.below(3));
    const facets = Object.fromEntries(names.map((name) => [name, all[name]])) as Facets;
    return { eventId, agentId, timestampMs: at, region: this.#region, facets };
  }

  #heartbeat(): BusMessage {
    const random = this.#random;
    const heartbeat = {
      region: random.pick([this.#region, 'elsewhere']),
      domain: random.pick(['main', 'elsewhere']),
      timestampMs: this.#nowMs,
      beat: this.#nowMs - random.below(1000),
      writer: `writer-${random.below(5)}`,
      steadyMs: random.below(1e9),
      leaving: random.chance(0.1),
      exchange: { sends: 1 + random.below(3), reads: 1 + random.below(3) },
    };
    return sealHeartbeat(heartbeat, random.below(12));
  }

  #conflict(): BusMessage {
    const side = { fence: 1 + this.#random.below(99), call: `call-${this.#count}`, region: this.#region };
    const agent = `crm:fuzz-${this.#random.below(AGENTS)}`;
    return sealConflict(
      { agent, kept: side, lost: side, overlap: 'possible' },
      this.#region,
      this.#nowMs,
      OLDEST_EXCHANGE.sends,
    );
  }

  /** Half a character at any place: in a text, a name of a field, a header, the key. */
  #illFormed(base: BusMessage): BusMessage {
    const half = this.#random.pick(HALF);
    const at = this.#random.below(base.value.length);
    switch (this.#random.below(5)) {
      case 0:
        return { ...base, value: `${base.value.slice(0, at)}${half}${base.value.slice(at)}` };
      case 1:
        return this.#changed(base, this.#field(base), half);
      case 2:
        return this.#changed(base, 'profile', { skills: { [`skill ${half}`]: 50 } });
      case 3:
        return {
          ...base,
          headers: { ...base.headers, [this.#random.pick(['ce_id', 'ce_type', 'muster_position'])]: half },
        };
      default:
        return { ...this.#changed(base, 'agent_id', `crm:${half}`), key: `crm:${half}` };
    }
  }

  #huge(base: BusMessage): BusMessage {
    const size = 50_000 + this.#random.below(1_200_000);
    const many = Array.from({ length: Math.ceil(size / 20) }, (_, n) => [`skill number ${n}`, n % 100] as const);
    switch (this.#random.below(4)) {
      case 0:
        return this.#changed(base, 'profile', { skills: Object.fromEntries(many) });
      case 1:
        return this.#changed(base, this.#field(base), 'x'.repeat(size));
      case 2:
        return { ...base, value: '['.repeat(size) };
      default:
        return { ...base, headers: { ...base.headers, note: 'x'.repeat(50_000) }, value: 'x'.repeat(size) };
    }
  }

  #otherVersion(base: BusMessage): BusMessage {
    const headers = { ...base.headers, ce_specversion: '2.0', muster_format: '99' };
    switch (this.#random.below(3)) {
      case 0:
        return { ...this.#changed(base, 'format', 99), headers };
      case 1:
        return { ...this.#changed(base, 'mood', { state: 'FINE' }), headers };
      default:
        return { ...base, headers: { ...headers, ce_type: this.#random.pick(['muster.agent.moved', 'muster.v2']) } };
    }
  }

  #mutated(base: BusMessage): BusMessage {
    const random = this.#random;
    switch (random.below(8)) {
      case 0:
        return this.#changed(base, this.#field(base), undefined);
      case 1:
      case 2:
        return this.#changed(base, this.#field(base), random.pick(JUNK));
      case 3:
        return { ...base, value: JSON.stringify(random.pick(JUNK)) };
      case 4: {
        const at = random.below(base.value.length);
        const letter = String.fromCodePoint(random.below(0x2_000));
        return { ...base, value: `${base.value.slice(0, at)}${letter}${base.value.slice(at + 1)}` };
      }
      case 5: {
        const types = [HEARTBEAT, CLAIM_CONFLICT, '', 'x'.repeat(500)];
        return { ...base, headers: { ...base.headers, ce_type: random.pick(types) } };
      }
      case 6: {
        const positions = ['1-1', `1-1 ${this.#region}`, '9'.repeat(300), '1-1 elsewhere'];
        return { ...base, headers: { ...base.headers, muster_position: random.pick(positions), ce_time: 'yesterday' } };
      }
      default:
        return { ...base, key: random.pick(['', ' ', 'k'.repeat(5_000), '\u0000', 'crm:somebody else']) };
    }
  }

  #futureMs(): number {
    return this.#random.pick([this.#nowMs + 400 * DAY_MS, this.#nowMs + 3_600_000, 4_102_444_800_000, 9e15, 1e300]);
  }

  #anyOf(fields: string[]): string {
    return this.#random.pick(fields);
  }

  #field({ value }: BusMessage): string {
    return this.#random.pick(Object.keys(JSON.parse(value) as object));
  }

  #changed(base: BusMessage, field: string, to: unknown): BusMessage {
    const payload = JSON.parse(base.value) as Record<string, unknown>;
    return { ...base, value: JSON.stringify({ ...payload, [field]: to }) };
  }
}
