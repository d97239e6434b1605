import { CHANGES_KEPT } from '../store.ts';

/*
 * Layout and constants of a region's store, in one place. Scripts get them from {@link luaLayout}.
 */

/** Format of the records; the first character of every header. */
export const FORMAT = '3';

/**
 * The fixed part of a header: names and widths in characters, in order. Numbers are padded with zeros, so scripts compare
 * them as texts.
 *
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

/** Place of each fixed field: index of its first character, and of the one after its last. */
export const PLACES = placesOf(FIELDS);
/** Length of the fixed part. Behind it: `home skills units`, a line break, `by call queue reason`. */
export const FIXED = FIELDS.reduce((sum, [, width]) => sum + width, 0);

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

/** The layout as Lua, for `--include layout`: `LOCK` is the first character of `lock`, `LOCK_END` its last. */
export function luaLayout(): string {
  const places = FIELDS.slice(1).map(([name]): string => {
    const [from, to] = PLACES[name];
    const isOne = to - from === 1;
    return isOne
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
  const format = FIELDS.map(([name, width]) => (name === 'format' ? FORMAT : width === 1 ? '%s' : `%0${width}d`));
  return [
    ...places,
    `local REST = ${FIXED + 1}`,
    ...letters,
    `local STATES = { ${states.join(', ')} }`,
    `local HEADER = '${format.join('')}%s %s %s\\n%s %s %s %s'`,
    `local CLAIMED, STEP = ${CLAIMED}, ${STEP}`,
    `local CLAIMED_TEXT = '${CLAIMED}'`,
    // A time has 13 digits, so these digits before it add CLAIMED.
    `local TAIL = '${CLAIMED / 1e13}'`,
    `local NO_TIME = '${'0'.repeat(13)}'`,
    `local CHANGES_KEPT = ${CHANGES_KEPT}`,
    '-- A header with these fields, which are padded texts, and what follows the fixed part.',
    `local function rewrite(header, ${OF_A_CLAIM.map(luaName).join(', ')}, rest)`,
    `  return ${rewritten().join(' .. ')} .. rest`,
    'end',
  ].join('\n');
}

/** The parts of a rewritten header: the given fields, and whatever stands between them. */
function rewritten(): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const [name] of FIELDS) {
    if (!OF_A_CLAIM.includes(name)) continue;
    const [at, to] = PLACES[name];
    if (at > from) parts.push(`string.sub(header, ${from + 1}, ${at})`);
    parts.push(luaName(name));
    from = to;
  }
  if (from < FIXED) parts.push(`string.sub(header, ${from + 1}, ${FIXED})`);
  return parts;
}

/** `until` is a keyword of Lua. */
const luaName = (name: Field): string => (name === 'until' ? 'till' : name);
const upper = (name: string): string => name.toUpperCase();

function placesOf(fields: typeof FIELDS): Record<Field, [from: number, to: number]> {
  let from = 0;
  const places = fields.map(([name, width]) => {
    const place: [number, number] = [from, from + width];
    from += width;
    return [name, place] as const;
  });
  return Object.fromEntries(places) as Record<Field, [number, number]>;
}
