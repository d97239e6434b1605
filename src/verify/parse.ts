import { type HistoryLine, SETTLE_OPS } from '../ops/history-line.ts';

type FieldType = 'string' | 'number' | 'versions';

const ARTICLE: Record<FieldType, string> = { string: 'a string', number: 'a number', versions: 'arrays by facet' };

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

/** What each kind of line, `op phase`, must tell. */
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
  ['event accepted', { event: 'string', agent: 'string', versions: 'versions' }],
  ['event applied', HANDLED],
  ['event duplicate', HANDLED],
  ['event outdated', HANDLED],
  ['event dead_letter', { reason: 'string' }],
]);

/** The line, or why it is none. */
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
    if (type && !isOf(type, line[name])) return `lacks ${name} (${ARTICLE[type]})`;
  }
  return undefined;
}

function isOf(type: FieldType, value: unknown): boolean {
  if (type !== 'versions') return typeof value === type;
  return typeof value === 'object' && value !== null && Object.values(value).every(Array.isArray);
}
