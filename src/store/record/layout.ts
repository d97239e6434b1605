import { CHANGES_KEPT } from '../store.ts';

/*
 * Layout and constants of a region's store, in one place. Scripts get them from {@link luaLayout}.
 */

/**
 * The fixed part of a header: names and widths in characters, in order. Numbers are padded with zeros, so scripts compare
 * them as texts. Later formats may add fields; `format`, `version` and `facets` stay where they are.
 *
 * - `format`: see {@link Format}
 * - `version`: grows with every write; microseconds
 * - `facets`: version of the write that last changed the facets
 * - `voice`: whether the agent takes voice, see {@link AVAILABILITY}
 * - `lock`: until when a claim holds the unit `voice`, in ms by the shard's clock; 0 if none does
 * - `hold`: until when the agent is reserved while its home, elsewhere, is asked; likewise
 * - `fence`, `until`, `completed`, `state`: of the claim on `voice`. `until` is by the clock of the region that granted it
 * - `arrival`: queue position, in platform ms, see src/agent/status.ts
 */
const FIELDS = [
  ['format', 1],
  ['version', 16],
  ['facets', 16],
  ['voice', 1],
  ['lock', 13],
  ['hold', 13],
  ['fence', 16],
  ['until', 13],
  ['completed', 13],
  ['arrival', 13],
  ['state', 1],
] as const;
export type Field = (typeof FIELDS)[number][0];

/**
 * A format of a domain's store. What scripts write is decided by the store itself: its field `format`, which every script of the
 * domain compares first. Records of one format are read in all others that this version knows.
 */
export interface Format {
  /** One character; the first of every header. */
  readonly number: string;
  readonly fields: readonly (readonly [name: Field, width: number])[];
  /** Place of each fixed field: index of its first character, and of the one after its last. */
  readonly places: Readonly<Record<Field, [from: number, to: number]>>;
  /** Length of the fixed part. Behind it: `home skills units`, a line break, `by call queue reason`. */
  readonly length: number;
}

const format = (number: string, fields: Format['fields']): Format => ({
  number,
  fields,
  places: placesOf(fields),
  length: fields.reduce((sum, [, width]) => sum + width, 0),
});

/**
 * The formats that this version reads and writes, the oldest first. A store that names no format has the oldest. Two of them make
 * an upgrade without a pause possible: docs/upgrades.md.
 */
export const FORMATS: readonly [Format, ...Format[]] = [format('3', FIELDS)];
export const OLDEST = FORMATS[0];
export const NEWEST = FORMATS.at(-1) as Format;

/** By number. */
export const KNOWN_FORMATS: ReadonlyMap<string, Format> = new Map(FORMATS.map((each) => [each.number, each]));

/**
 * Values of `voice`. `available`: takes a voice interaction, live locks aside. `units`: the field `units` decides, for every
 * media type. `unavailable`, `forgotten`: takes nothing.
 */
export const AVAILABILITY = { available: 'A', units: 'U', unavailable: 'B', forgotten: 'F' } as const;

/** Values of `state`. `none`: there never was a claim. */
export const STATES = { none: '-', HELD: 'H', CONFIRMED: 'C', WRAP_UP: 'W', ENDED: 'E' } as const;

/** Queue scores from here on are of claimed agents: `CLAIMED` plus the time in ms until which they are claimed. */
export const CLAIMED = 1e15;
/** Added to a queue score for each interaction in hand, except in queues for voice: however long others wait, they come later. */
export const STEP = 1e13;

/** The fields that a claim or a settlement changes; see `rewrite` in {@link luaLayout}. */
const OF_A_CLAIM: readonly Field[] = ['version', 'lock', 'hold', 'fence', 'until', 'state'];

/** A format as Lua, for `--include layout`: `LOCK` is the first character of `lock`, `LOCK_END` its last. */
export function luaLayout(format: Format): string {
  const places = format.fields.slice(1).map(([name, width]): string => {
    const [from, to] = format.places[name];
    return width === 1
      ? `local ${upper(name)} = ${from + 1}`
      : `local ${upper(name)}, ${upper(name)}_END = ${from + 1}, ${to}`;
  });
  const letters = Object.entries(AVAILABILITY).map(
    ([name, letter]) => `local ${upper(name)} = ${letter.charCodeAt(0)}`,
  );
  const states = Object.entries(STATES).flatMap(([name, letter]) => {
    const word = name === 'none' ? '-' : name;
    return [`['${word}'] = '${letter}'`, `${letter === word ? '' : `['${letter}'] = '${word}'`}`].filter(Boolean);
  });
  return [
    `local FORMAT, OLDEST = '${format.number}', '${OLDEST.number}'`,
    ...places,
    `local REST = ${format.length + 1}`,
    ...letters,
    `local STATES = { ${states.join(', ')} }`,
    `local CLAIMED, STEP = ${CLAIMED}, ${STEP}`,
    `local CLAIMED_TEXT = '${CLAIMED}'`,
    // A time has 13 digits, so these digits before it add CLAIMED.
    `local TAIL = '${CLAIMED / 1e13}'`,
    `local NO_TIME = '${'0'.repeat(13)}'`,
    `local CHANGES_KEPT = ${CHANGES_KEPT}`,
    ...luaRecord(format),
    ...luaConversion(format),
    '-- A header with these fields, which are padded texts, and what follows the fixed part.',
    `local function rewrite(header, ${OF_A_CLAIM.map(luaName).join(', ')}, rest)`,
    `  return ${rewritten(format).join(' .. ')} .. rest`,
    'end',
  ].join('\n');
}

/** The fixed part of a record: as fields of a table, and as a text. */
function luaRecord({ number, fields, places }: Format): string[] {
  const read = fields.slice(1).map(([name, width]) => {
    const [from, to] = places[name];
    const text = `string.sub(header, ${from + 1}, ${to})`;
    const value = name === 'state' ? `STATES[${text}]` : width === 1 ? text : `tonumber(${text})`;
    return `${recordName(name)} = ${value}`;
  });
  const form = fields.slice(1).map(([, width]) => (width === 1 ? '%s' : `%0${width}d`));
  const written = fields.slice(1).map(([name]) => (name === 'state' ? 'STATES[r.claim]' : `r.${recordName(name)}`));
  return [
    'local function record_of(header, home, skills, units, by, call, queue, reason)',
    `  return { ${read.join(', ')},`,
    '    home = home, skills = skills, units = units, by = by, call = call, queue = queue, reason = reason }',
    'end',
    `local FIXED = '${number}${form.join('')}'`,
    'local function fixed_part(r)',
    `  return string.format(FIXED, ${written.join(', ')})`,
    'end',
  ];
}

/** `current(header)`: a header in this format, whatever format it has. A field that its format lacks becomes zeros. */
function luaConversion(format: Format): string[] {
  const others = FORMATS.filter((each) => each !== format);
  const conversions = others.map((other) => {
    const parts = format.fields.slice(1).map(([name, width]) => {
      const [from, to] = other.places[name] ?? [];
      return from === undefined || to === undefined
        ? `'${'0'.repeat(width)}'`
        : `string.sub(header, ${from + 1}, ${to})`;
    });
    const rest = `string.sub(header, ${other.length + 1})`;
    return `  if string.byte(header) == ${other.number.charCodeAt(0)} then return FORMAT .. ${[...parts, rest].join(' .. ')} end`;
  });
  return [
    'local function current(header)',
    '  if not header then return header end',
    ...conversions,
    '  return header',
    'end',
  ];
}

/** The parts of a rewritten header: the given fields, and whatever stands between them. */
function rewritten({ fields, places, length }: Format): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const [name] of fields) {
    if (!OF_A_CLAIM.includes(name)) continue;
    const [at, to] = places[name];
    if (at > from) parts.push(`string.sub(header, ${from + 1}, ${at})`);
    parts.push(luaName(name));
    from = to;
  }
  if (from < length) parts.push(`string.sub(header, ${from + 1}, ${length})`);
  return parts;
}

/** `until` is a keyword of Lua. */
const luaName = (name: Field): string => (name === 'until' ? 'till' : name);
/** The name of a field in a record's table, where `claim` is the state of the claim. */
const recordName = (name: Field): string => (name === 'until' ? 'end_ms' : name === 'state' ? 'claim' : name);
const upper = (name: string): string => name.toUpperCase();

function placesOf(fields: Format['fields']): Format['places'] {
  let from = 0;
  const places = fields.map(([name, width]) => {
    const place: [number, number] = [from, from + width];
    from += width;
    return [name, place] as const;
  });
  return Object.fromEntries(places) as Format['places'];
}
