import { CALLER_ASKS } from '../ops/caller-line.ts';
import { type HistoryLine, SETTLE_OPS } from '../ops/history-line.ts';
import type { WorldSettings } from '../ops/world-line.ts';

type FieldType = keyof typeof IS_OF;

const IS_OF = {
  string: (value: unknown) => typeof value === 'string',
  number: (value: unknown) => typeof value === 'number',
  boolean: (value: unknown) => typeof value === 'boolean',
  numberOrNull: (value: unknown) => value === null || typeof value === 'number',
  strings: (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  versions: (value: unknown) => isObject(value) && Object.values(value).every(Array.isArray),
  connections: (value: unknown) =>
    isObject(value) && Object.values(value).every((each) => isObject(each) && IS_OF.string(each.home)),
  overlap: (value: unknown) => value === 'certain' || value === 'possible',
  party: (value: unknown) =>
    isObject(value) && typeof value.fence === 'number' && [value.call, value.region].every(IS_OF.string),
  callParty: (value: unknown) =>
    isObject(value) && typeof value.fence === 'number' && [value.agent, value.region].every(IS_OF.string),
  callOutcome: (value: unknown) => value === 'ended' || value === 'both_confirmed',
  replication: (value: unknown) => value === 'grant' || value === 'refuse',
  asked: (value: unknown) => CALLER_ASKS.some((asked) => asked === value),
};

const ARTICLE: Record<FieldType, string> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  numberOrNull: 'a number or null',
  strings: 'a list of strings',
  versions: 'arrays by facet',
  connections: 'homes by connection',
  overlap: 'certain or possible',
  party: 'fence, call and region',
  callParty: 'agent, fence and region',
  callOutcome: 'ended or both_confirmed',
  replication: 'grant or refuse',
  asked: 'a known request',
};

const ORIGIN: Record<string, FieldType> = { t: 'number', at: 'number', region: 'string', process: 'string' };
const ASKED: Record<string, FieldType> = { call: 'string', queue: 'string' };
const CLAIM: Record<string, FieldType> = { agent: 'string', fence: 'number' };
const HANDLED: Record<string, FieldType> = {
  since: 'number',
  event: 'string',
  agent: 'string',
  versions: 'versions',
  from: 'string',
};

const READ: Record<string, FieldType> = {
  agent: 'string',
  home: 'string',
  age_ms: 'numberOrNull',
  stale: 'boolean',
  status: 'string',
  versions: 'versions',
};
const SETTINGS: Record<keyof WorldSettings, FieldType> = {
  connections: 'connections',
  suspect_ms: 'number',
  stale_ms: 'number',
  heartbeat_ms: 'number',
  reconcile_ms: 'number',
  held_ms: 'number',
  confirmed_ms: 'number',
  replication: 'replication',
  budget_per_minute: 'number',
};

const CALLER: Record<string, FieldType> = { asked: 'asked', since: 'number', url: 'string' };

/** Required fields of each kind of line, `op phase`. */
const NEEDED = new Map<string, Record<string, FieldType>>([
  ['history opened', {}],
  ['claim invoke', ASKED],
  ['claim ok', { ...ASKED, ...CLAIM, since: 'number', held_ms: 'number', home: 'string' }],
  ['claim refused', { ...ASKED, reason: 'string' }],
  ['claim unknown', { ...ASKED, home: 'string' }],
  ...SETTLE_OPS.map((op) => [`${op} refused`, { ...CLAIM, reason: 'string' }] as const),
  ['confirm ok', { ...CLAIM, since: 'number', held_ms: 'number' }],
  ['renew ok', { ...CLAIM, since: 'number', held_ms: 'number' }],
  ['release ok', { ...CLAIM, since: 'number' }],
  ['complete ok', { ...CLAIM, since: 'number' }],
  ['lapse ok', { ...CLAIM, since: 'number' }],
  ['supersede ok', { ...CLAIM, since: 'number' }],
  ['event accepted', { event: 'string', agent: 'string', versions: 'versions' }],
  ['event applied', HANDLED],
  ['event duplicate', HANDLED],
  ['event outdated', HANDLED],
  ['event dead_letter', { reason: 'string' }],
  ['agent read', READ],
  ['conflict reported', { agent: 'string', kept: 'party', lost: 'party', overlap: 'overlap' }],
  ['call_conflict reported', { call: 'string', kept: 'callParty', lost: 'callParty', outcome: 'callOutcome' }],
  ['caller answered', { ...CALLER, status: 'number' }],
  ['caller unanswered', CALLER],
  ['caller over', { call: 'string', agent: 'string' }],
  [
    'platform changed',
    { connection: 'string', agent: 'string', facet: 'string', value: 'string', version_at: 'number' },
  ],
  ['platform request', { connection: 'string', token: 'string', status: 'number' }],
  ['platform notifies', { connection: 'string', within_ms: 'numberOrNull' }],
  ['weather changed', { a: 'string', b: 'string', state: 'string' }],
  ['bus ignored', {}],
  ['bus taken', {}],
  ['store alone', {}],
  ['store replicated', {}],
  ['instance started', { instance: 'string' }],
  ['instance ended', { instance: 'string' }],
  ['world settings', SETTINGS],
  ['world drained', {}],
  ['world converged', { differing: 'number', examples: 'strings' }],
]);

/** The line, or the reason why it is not valid. */
export function parseLine(text: string): HistoryLine | string {
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (typeof line !== 'object' || line === null) return 'is not an object';
  const kind = `${line.op} ${line.phase}`;
  const needed = NEEDED.get(kind);
  if (!needed) return `has no known op and phase: ${kind.slice(0, 60)}`;
  const missing = missingIn(line, ORIGIN) ?? missingIn(line, needed);
  return missing ?? (line as unknown as HistoryLine);
}

function missingIn(line: Record<string, unknown>, needed: Record<string, FieldType>): string | undefined {
  for (const name in needed) {
    const type = needed[name];
    if (type && !IS_OF[type](line[name])) return `lacks ${name} (${ARTICLE[type]})`;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
