import { isUtf8 } from 'node:buffer';
import { clampFuture, InvalidEvent, readEvent, reservedIds } from '../agent/event.ts';
import { MESSAGE_LIMITS } from '../agent/limits.ts';
import type { StatusAnswer } from '../agent/status.ts';
import { bytesOf, wrongText } from '../agent/text.ts';
import { type AgentEvent, writeEvent } from '../agent/wire.ts';
import type { BusMessage } from './bus.ts';

/** What travels on the bus: CloudEvents in binary mode, the attributes in the headers, readable JSON in the value. */
export const AGENT_CHANGED = 'muster.agent.changed';
export const HEARTBEAT = 'muster.region.heartbeat';
/** For whoever listens beside Muster: two regions granted one agent, and one of the claims stands. */
export const CLAIM_CONFLICT = 'muster.claim.conflict';

/** When a heartbeat was written, as its region tells it. */
export interface Stamp {
  /** Grows from each heartbeat of the region to the next, whatever its clocks do. */
  beat: number;
  /** The instance that wrote it. */
  writer: string;
  /** Its monotonic clock after it had taken the beat, and before it wrote, ms. */
  steadyMs: number;
  /** Whether the region says good-bye with it. */
  leaving: boolean;
}

/** Says that everything its region had accepted for the partition when it was written lies before it. */
export interface Heartbeat extends Stamp {
  region: string;
  /** The writer's wall clock, for people. */
  timestampMs: number;
}

/** Header of the last message of what a relay publishes at once: where in its region's outbox that one came from. */
const POSITION = 'muster_position';

export interface Position {
  /** The region that published it; an event may name another as its source. */
  region: string;
  /** Id of the entry in the outbox of this partition. */
  entry: string;
}

export type Envelope =
  | { type: typeof AGENT_CHANGED; event: AgentEvent; acceptedMs?: number }
  | { type: typeof HEARTBEAT; heartbeat: Heartbeat }
  | { type: typeof CLAIM_CONFLICT };

/** One side of a conflict of claims: who was told yes, and by which region. */
export interface ConflictSide {
  fence: number;
  call: string;
  region: string;
}

export interface ClaimConflict {
  agent: string;
  /** The claim that stands. */
  kept: ConflictSide;
  lost: ConflictSide;
  /** Whether both are known to have held the agent at one moment. */
  overlap: 'certain' | 'possible';
}

/**
 * @param acceptedMs wall time at which the region accepted the event, from which its propagation is measured
 * @param trace what led to it, as CloudEvents' extension for distributed tracing has it; empty where nobody asked
 */
export function sealEvent(
  event: AgentEvent,
  answer: StatusAnswer,
  acceptedMs: number,
  trace: Record<string, string> = {},
): BusMessage {
  return {
    key: event.agentId,
    headers: {
      ...attributes(AGENT_CHANGED, event.eventId, event.region, acceptedMs),
      ce_subject: encodeURIComponent(event.agentId),
      ...Object.fromEntries(Object.entries(trace).map(([name, value]) => [`ce_${name}`, value])),
    },
    value: JSON.stringify(writeEvent(event, answer)),
  };
}

export function sealHeartbeat(heartbeat: Heartbeat, partition: number): BusMessage {
  const { region, timestampMs, beat, writer, steadyMs, leaving } = heartbeat;
  const id = `${region}/${partition}/${beat}`;
  const payload = { event_id: id, timestamp: timestampMs, region_source: region, beat, writer, steady_ms: steadyMs };
  return {
    key: String(partition),
    headers: attributes(HEARTBEAT, id, region, timestampMs),
    value: JSON.stringify({ ...payload, ...(leaving && { leaving }) }),
  };
}

export function sealConflict({ agent, ...conflict }: ClaimConflict, region: string, nowMs: number): BusMessage {
  const id = `${agent}/conflict/${conflict.kept.fence}/${conflict.lost.fence}`;
  return {
    key: agent,
    headers: attributes(CLAIM_CONFLICT, id, region, nowMs),
    value: JSON.stringify({ event_id: id, timestamp: nowMs, agent_id: agent, region_source: region, ...conflict }),
  };
}

/**
 * Opens a message, Muster's own or anybody's in the plain form.
 * @throws InvalidEvent for what is neither; it belongs in the dead-letter queue
 */
export function openMessage(message: BusMessage, nowMs: number): Envelope {
  const payload = readPayload(message);
  const type = message.headers.ce_type;
  if (type === HEARTBEAT) return { type, heartbeat: readHeartbeat(payload) };
  if (type === CLAIM_CONFLICT) return { type };
  const isOwn = type === AGENT_CHANGED;
  const read = readEvent(payload, { region: '', status: isOwn ? 'summary' : 'report' });
  // Each region would take the event for its own.
  if (read.region === '') throw new InvalidEvent([{ field: '/region_source', message: 'is missing' }]);
  const reserved = isOwn ? [] : reservedIds(read.facets);
  if (reserved.length > 0) throw new InvalidEvent(reserved);
  // Muster's own were clamped where they came in; by this region's clock the copies of one event would differ.
  const event = isOwn ? read : clampFuture(read, nowMs).event;
  const acceptedMs = Date.parse(message.headers.ce_time ?? '');
  return { type: AGENT_CHANGED, event, ...(Number.isFinite(acceptedMs) && { acceptedMs }) };
}

export function withPosition(message: BusMessage, { region, entry }: Position): BusMessage {
  return { ...message, headers: { ...message.headers, [POSITION]: `${entry} ${region}` } };
}

/** A message that is sent again says nothing of what lay before it. */
export function withoutPosition({ headers: { [POSITION]: _, ...headers }, ...message }: BusMessage): BusMessage {
  return { ...message, headers };
}

/** Undefined for a message that carries none. */
export function positionIn({ headers }: BusMessage): Position | undefined {
  const [, entry, region] = /^(\d+-\d+) (.+)$/.exec(String(headers[POSITION])) ?? [];
  return entry && region ? { region, entry } : undefined;
}

function readHeartbeat(payload: unknown): Heartbeat {
  const fields = (payload ?? {}) as Record<string, unknown>;
  return {
    region: word(fields, 'region_source'),
    timestampMs: number(fields, 'timestamp'),
    beat: number(fields, 'beat'),
    writer: word(fields, 'writer'),
    steadyMs: number(fields, 'steady_ms'),
    leaving: fields.leaving === true,
  };
}

function word(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && /^\S{1,200}$/.test(value)) return value;
  throw new InvalidEvent([{ field: `/${name}`, message: 'is not a name' }]);
}

function number(fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new InvalidEvent([{ field: `/${name}`, message: 'is not a number' }]);
}

function attributes(type: string, id: string, region: string, timeMs: number): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_type: type,
    ce_id: id,
    ce_source: `/muster/${region}`,
    ce_time: new Date(timeMs).toISOString(),
    'content-type': 'application/json',
  };
}

/** @throws InvalidEvent for what is too large, no JSON, or no well-formed text in key, headers or value */
function readPayload({ key, headers, value, isUtf8 = true }: BusMessage): unknown {
  if (!isUtf8) throw new InvalidEvent([{ field: '/', message: 'is not UTF-8' }]);
  const { most, unit } = MESSAGE_LIMITS.message;
  if (bytesOf(value) > most) throw new InvalidEvent([{ field: '/', message: `must be of ${most} ${unit} at most` }]);
  const payload = parse(value);
  const wrong = [...wrongText(payload), ...wrongText(key, '/key'), ...wrongText(headers, '/headers')];
  if (wrong.length > 0) throw new InvalidEvent(wrong);
  return payload;
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new InvalidEvent([{ field: '/', message: 'is not JSON' }]);
  }
}

/**
 * Kafka's default partitioner (murmur2, sign bit cleared), so that an agent keeps its partition whichever client of
 * the bus publishes.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

function murmur2(data: Buffer): number {
  let hash = SEED ^ data.length;
  const whole = data.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = Math.imul(data.readInt32LE(i), M);
    k = Math.imul(k ^ (k >>> R), M);
    hash = Math.imul(hash, M) ^ k;
  }
  const rest = data.length - whole;
  if (rest >= 3) hash ^= data.readUInt8(whole + 2) << 16;
  if (rest >= 2) hash ^= data.readUInt8(whole + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ data.readUInt8(whole), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/** An entry of a Redis stream: its id, and its fields and values in turn. */
export type StreamEntry = [id: string, fields: string[]];
/** The same in bytes. */
export type ByteEntry = [id: Buffer, fields: Buffer[]];

/** The fields of a message in a Redis stream. */
export const writeFields = ({ key, headers, value }: BusMessage): string[] => [
  'key',
  key,
  'headers',
  JSON.stringify(headers),
  'value',
  value,
];

/** Reads the fields of a stream entry, of Muster's own or anybody's. */
export function readFields(fields: (string | Buffer)[]): BusMessage {
  const message: BusMessage = { key: '', headers: {}, value: '' };
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const given = fields[i + 1] ?? '';
    const [name, value] = [String(fields[i]), String(given)];
    if (typeof given !== 'string' && !isUtf8(given)) message.isUtf8 = false;
    if (name === 'key') message.key = value;
    if (name === 'value') message.value = value;
    if (name === 'headers') message.headers = readHeaders(value);
  }
  return message;
}

/** Headers that are no JSON object count as none: whoever needs them will say which one is missing. Their values are texts. */
function readHeaders(text: string): Record<string, string> {
  try {
    const headers: unknown = JSON.parse(text);
    if (!headers || typeof headers !== 'object' || Array.isArray(headers)) return {};
    const texts = Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    return Object.fromEntries(texts);
  } catch {
    return {};
  }
}
