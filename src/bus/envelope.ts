import { isUtf8 } from 'node:buffer';
import { clampFuture, InvalidEvent, readEvent, reservedIds } from '../agent/event.ts';
import { EXCHANGE, type Exchange, OLDEST_EXCHANGE } from '../agent/exchange.ts';
import { MESSAGE_LIMITS } from '../agent/limits.ts';
import type { StatusAnswer } from '../agent/status.ts';
import { bytesOf, wrongText } from '../agent/text.ts';
import { type AgentEvent, writeEvent } from '../agent/wire.ts';
import type { BusMessage } from './bus.ts';

/** `ce_type` of the messages on the bus. Messages are CloudEvents in binary mode: attributes in the headers, JSON in the value. */
export const AGENT_CHANGED = 'muster.agent.changed';
export const HEARTBEAT = 'muster.region.heartbeat';
/** Two regions granted one agent, and one of the claims stands. For other applications; Muster ignores it. */
export const CLAIM_CONFLICT = 'muster.claim.conflict';

/** Heartbeat mark: when a heartbeat was written, by its region's own counters. */
export interface Stamp {
  /** Heartbeat sequence: grows with each heartbeat of the region, even if its clocks step back. */
  beat: number;
  /** The instance that wrote it. */
  writer: string;
  /** The writer's monotonic clock in ms, read after it took the sequence number and before it wrote. */
  steadyMs: number;
  /** Whether this is the region's leave message. */
  leaving: boolean;
}

/** Everything that the region had accepted for the domain and the partition when it wrote this heartbeat lies before it. */
export interface Heartbeat extends Stamp {
  region: string;
  domain: string;
  /** The writer's wall clock in ms, for operators only. */
  timestampMs: number;
  /** The region's formats: no later message has a newer one than it sends, until a later heartbeat says so. */
  exchange: Exchange;
  /** Id of the domain's store; absent if no relay published the heartbeat. */
  storeId?: string;
}

/** Header of all messages of regions: the format that a reader must know. */
const FORMAT = 'muster_format';

/** Header of all messages that a relay publishes: where the message lies in its region's change streams. */
const ORIGIN = 'muster_origin';

/**
 * Where a message comes from. Everything of the same domain and partition that lies before this position in the change stream was
 * published before.
 */
export interface Origin {
  /** The region that published the message. An event may name another region as its source. */
  region: string;
  domain: string;
  /** Id of the domain's store, see {@link Unpublished}. */
  storeId: string;
  /** Position in the domain's change stream; of a heartbeat, that of the latest change before it. */
  position: string;
}

export type Envelope =
  | { type: typeof AGENT_CHANGED; event: AgentEvent; acceptedMs?: number }
  | { type: typeof HEARTBEAT; heartbeat: Heartbeat }
  | { type: typeof CLAIM_CONFLICT };

/** One of the two claims of a claim conflict. */
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
  /** Whether both claims certainly held the agent at one moment. */
  overlap: 'certain' | 'possible';
}

/**
 * @param acceptedMs wall time at which the region accepted the event; propagation is measured from it
 * @param format that the region sends
 * @param trace W3C trace headers of the request, as in CloudEvents' extension for distributed tracing; empty if a platform
 *   reported the event
 */
export function sealEvent(
  event: AgentEvent,
  answer: StatusAnswer,
  acceptedMs: number,
  format: number,
  trace: Record<string, string> = {},
): BusMessage {
  const headers = attributes(AGENT_CHANGED, event.eventId, event.region, acceptedMs, format);
  headers.ce_subject = encodeURIComponent(event.agentId);
  for (const [name, value] of Object.entries(trace)) headers[`ce_${name}`] = value;
  return {
    key: event.agentId,
    headers,
    value: JSON.stringify(writeEvent(event, answer)),
  };
}

export function sealHeartbeat(heartbeat: Heartbeat, partition: number): BusMessage {
  const { region, domain, timestampMs, beat, writer, steadyMs, leaving, exchange } = heartbeat;
  const id = `${region}/${domain}/${partition}/${beat}`;
  const written = { beat, writer, steady_ms: steadyMs, formats: exchange };
  const payload = { event_id: id, timestamp: timestampMs, region_source: region, domain, ...written };
  return {
    key: String(partition),
    headers: attributes(HEARTBEAT, id, region, timestampMs, exchange.sends),
    value: JSON.stringify({ ...payload, ...(leaving && { leaving }) }),
  };
}

export function sealConflict(
  { agent, ...conflict }: ClaimConflict,
  region: string,
  nowMs: number,
  format: number,
): BusMessage {
  const id = `${agent}/conflict/${conflict.kept.fence}/${conflict.lost.fence}`;
  return {
    key: agent,
    headers: attributes(CLAIM_CONFLICT, id, region, nowMs, format),
    value: JSON.stringify({ event_id: id, timestamp: nowMs, agent_id: agent, region_source: region, ...conflict }),
  };
}

/**
 * Reads a message: one of Muster's own, or a report of another application in the plain form.
 * @throws InvalidEvent if it is neither; the message is then a dead letter
 */
export function openMessage(message: BusMessage, nowMs: number): Envelope {
  const payload = readPayload(message);
  const type = message.headers.ce_type;
  demandKnownFormat(message);
  if (type === HEARTBEAT) return { type, heartbeat: readHeartbeat(payload) };
  if (type === CLAIM_CONFLICT) return { type };
  const isOwn = type === AGENT_CHANGED;
  const read = readEvent(payload, { region: '', status: isOwn ? 'summary' : 'report' });
  // Without a source, each region would take the event for its own.
  if (read.region === '') throw new InvalidEvent([{ field: '/region_source', message: 'is missing' }]);
  const reserved = isOwn ? [] : reservedIds(read.facets);
  if (reserved.length > 0) throw new InvalidEvent(reserved);
  // Muster's own events were clamped when they were accepted. Clamping by this region's clock would make their copies differ.
  const event = isOwn ? read : clampFuture(read, nowMs).event;
  const acceptedMs = Date.parse(message.headers.ce_time ?? '');
  return { type: AGENT_CHANGED, event, ...(Number.isFinite(acceptedMs) && { acceptedMs }) };
}

export function withOrigin(message: BusMessage, { region, domain, storeId, position }: Origin): BusMessage {
  const origin = [position, storeId, encodeURIComponent(domain), encodeURIComponent(region)].join(' ');
  return { ...message, headers: { ...message.headers, [ORIGIN]: origin } };
}

/** Removes the origin, which does not hold for a replayed message. */
export function withoutOrigin({ headers: { [ORIGIN]: _, ...headers }, ...message }: BusMessage): BusMessage {
  return { ...message, headers };
}

/** The origin of a message; undefined if no relay published it. */
export function originOf({ headers }: BusMessage): Origin | undefined {
  const [, position = '', storeId = '', ...names] = /^(\d+-\d+) (\S+) (\S+) (\S+)$/.exec(String(headers[ORIGIN])) ?? [];
  try {
    const [domain = '', region = ''] = names.map(decodeURIComponent);
    return position && domain && region ? { region, domain, storeId, position } : undefined;
  } catch {
    return undefined;
  }
}

function readHeartbeat(payload: unknown): Heartbeat {
  const fields = (payload ?? {}) as Record<string, unknown>;
  return {
    region: word(fields, 'region_source'),
    domain: word(fields, 'domain'),
    timestampMs: number(fields, 'timestamp'),
    beat: number(fields, 'beat'),
    writer: word(fields, 'writer'),
    steadyMs: number(fields, 'steady_ms'),
    leaving: fields.leaving === true,
    exchange: readExchange(fields.formats),
  };
}

function readExchange(formats: unknown): Exchange {
  if (formats === undefined) return OLDEST_EXCHANGE;
  const fields = (formats ?? {}) as Record<string, unknown>;
  return { sends: number(fields, 'sends', '/formats'), reads: number(fields, 'reads', '/formats') };
}

/** @throws InvalidEvent if the message has a format that this version does not know */
function demandKnownFormat({ headers }: BusMessage): void {
  const format = Number(headers[FORMAT] ?? EXCHANGE.oldest);
  if (format <= EXCHANGE.newest) return;
  const message = `is ${headers[FORMAT]}, and this version of Muster reads messages up to format ${EXCHANGE.newest}`;
  throw new InvalidEvent([{ field: `/headers/${FORMAT}`, message }]);
}

function word(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && /^\S{1,200}$/.test(value)) return value;
  throw new InvalidEvent([{ field: `/${name}`, message: 'is not a name' }]);
}

/** @param within JSON pointer to the object that has the field */
function number(fields: Record<string, unknown>, name: string, within = ''): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new InvalidEvent([{ field: `${within}/${name}`, message: 'is not a number' }]);
}

function attributes(type: string, id: string, region: string, timeMs: number, format: number): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_type: type,
    ce_id: id,
    ce_source: `/muster/${region}`,
    ce_time: new Date(timeMs).toISOString(),
    'content-type': 'application/json',
    [FORMAT]: String(format),
  };
}

/** @throws InvalidEvent if the message is too large, not JSON, or has ill-formed text in key, headers or value */
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
 * Partition of a key, as Kafka's default partitioner computes it (murmur2, sign bit cleared). Every Kafka client then
 * sends an agent to the same partition.
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

/** An entry of a Redis stream: its id, then field names and values alternately. */
export type StreamEntry = [id: string, fields: string[]];
/** A {@link StreamEntry} as bytes. */
export type ByteEntry = [id: Buffer, fields: Buffer[]];

/** A message as a text, for the change stream: key and headers as JSON, a line break, the value as it is. */
export const writeMessage = ({ key, headers, value }: BusMessage): string =>
  `${JSON.stringify([key, headers])}\n${value}`;

/** @throws SyntaxError if it is none */
export function readMessage(text: string): BusMessage {
  const end = text.indexOf('\n');
  const [key, headers] = JSON.parse(text.slice(0, Math.max(0, end))) as [string, Record<string, string>];
  return { key, headers, value: text.slice(end + 1) };
}

/** Writes a message as the fields of a Redis stream entry. */
export const writeFields = ({ key, headers, value }: BusMessage): string[] => [
  'key',
  key,
  'headers',
  JSON.stringify(headers),
  'value',
  value,
];

/** Reads the fields of a stream entry, written by Muster or by another application. Unknown fields are ignored. */
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

/** Reads headers; values become strings. Anything but a JSON object gives none: readers report the header that they miss. */
function readHeaders(text: string): Record<string, string> {
  try {
    const headers: unknown = JSON.parse(text);
    if (!headers || typeof headers !== 'object' || Array.isArray(headers)) return {};
    const texts = headers as Record<string, unknown>;
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value !== 'string') texts[name] = JSON.stringify(value);
    }
    return texts as Record<string, string>;
  } catch {
    return {};
  }
}
