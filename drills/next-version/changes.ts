/*
 * A next version of Muster that exists for the drill alone: what a version with new formats changes. Its store has one more field in
 * the header, and a script that demands it; its messages have one more field.
 */

/** A change of one file of `src`: the text, which occurs there once, and what stands there instead. */
export interface Change {
  file: string;
  text: string;
  becomes: string;
}

/** The formats that the next version adds. */
export const NEXT = { store: '4', exchange: 2, version: '99.0.0-next' } as const;

export const CHANGES: readonly Change[] = [
  {
    file: 'store/record/layout.ts',
    text: 'type Field = (typeof FIELDS)[number][0];',
    becomes: `type Field = (typeof NEXT_FIELDS)[number][0];
const NEXT_FIELDS = [...FIELDS, ['skilled', 3]] as const;`,
  },
  {
    file: 'store/record/layout.ts',
    text: "[format('3', FIELDS)]",
    becomes: `[format('3', FIELDS), format('${NEXT.store}', NEXT_FIELDS)]`,
  },
  {
    // The number of skills, plus one: zeros say that it is not known.
    file: 'store/record/record.ts',
    text: '    state: STATES[state as keyof typeof STATES] ?? STATES.none,\n',
    becomes: `    state: STATES[state as keyof typeof STATES] ?? STATES.none,
    skilled: Object.keys(facets.profile?.skills ?? {}).length + 1,
`,
  },
  {
    file: 'agent/exchange.ts',
    text: 'oldest: 1, newest: 1 }',
    becomes: `oldest: 1, newest: ${NEXT.exchange} }`,
  },
  {
    file: 'bus/envelope.ts',
    text: 'value: JSON.stringify(writeEvent(event, answer)),',
    becomes: `value: JSON.stringify({ ...writeEvent(event, answer), ...(format > 1 && { sealed_in_format: format }) }),`,
  },
];

/** The changed script: a claim whose agent has another number of skills than the header says fails. */
export const NEXT_CLAIM: Change = {
  file: 'store/scripts/claim.lua',
  text: "  local before = string.sub(header, VERSION, VERSION_END)\n  local verdict, now_header, fence, lapsed = 'granted'\n",
  becomes: `  local before = string.sub(header, VERSION, VERSION_END)
  local verdict, now_header, fence, lapsed = 'granted'
  local _, skills = string.gsub(string.match(header, '^%S+ (%S+)', REST), ':', '')
  local skilled = tonumber(string.sub(header, SKILLED, SKILLED_END))
  if skilled ~= 0 and skilled ~= skills + 1 then error('the header says ' .. skilled .. ', but there are ' .. skills, 0) end
`,
};
