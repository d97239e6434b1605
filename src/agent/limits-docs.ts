import { type Limit, MESSAGE_LIMITS, RECORD_LIMITS, REQUEST_LIMITS, TEXT_LIMITS } from './limits.ts';

/** docs/limits.md, made from the limits themselves. */
export function renderLimits(): string {
  return `${[INTRODUCTION, ...SECTIONS.map(renderSection)].join('\n\n')}\n`;
}

const INTRODUCTION = `# Limits

<!-- Rendered from src/agent/limits.ts; \`npm run docs\` writes it anew. -->

How much of everything there may be. Whatever comes in is held against the same numbers, whichever way it comes:

- A request beyond a limit is refused with 400 and names the field (413 for a body, 431 for its head); nothing of it is done.
- A message of the bus beyond a limit is a dead letter, with the reason.
- What a platform has beyond a limit is left out, names are shortened, never within a character: counted in
  \`muster_platform_anomalies_total\` (\`cut\`), logged once, and told as \`cut\` in \`ingest.health\` of \`GET /v1/connections\`.

Characters are Unicode code points, bytes those of UTF-8. Text is well-formed Unicode everywhere: half of a character
(\`"\\ud800"\`), bytes that are no UTF-8 and percent-encodings of such bytes are refused in the same way. In what is read from a
platform such a text is mended with U+FFFD and counted (\`mended_text\`). A time without a zone is refused in a push; in what is
read from a platform it counts as no time, and is told as \`zoneless_times\` beside \`cut\`.`;

interface Section {
  title: string;
  limits: Record<string, Limit>;
}

const SECTIONS: Section[] = [
  { title: 'Texts', limits: TEXT_LIMITS },
  { title: "An agent's record", limits: RECORD_LIMITS },
  { title: 'A request', limits: REQUEST_LIMITS },
  { title: 'A message of the bus', limits: MESSAGE_LIMITS },
];

function renderSection({ title, limits }: Section): string {
  const rows = Object.values(limits).map(({ most, unit, of }) => `| ${of} | ${most.toLocaleString('en')} ${unit} |`);
  return [`## ${title}\n`, '| what | at most |', '|---|---|', ...rows].join('\n');
}
