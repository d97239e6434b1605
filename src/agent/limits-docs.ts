import { type Limit, MESSAGE_LIMITS, RECORD_LIMITS, REQUEST_LIMITS, TEXT_LIMITS } from './limits.ts';

/** Renders docs/limits.md from `limits.ts`. */
export function renderLimits(): string {
  return `${[INTRODUCTION, ...SECTIONS.map(renderSection)].join('\n\n')}\n`;
}

const INTRODUCTION = `# Limits

<!-- Rendered from src/agent/limits.ts by \`npm run docs\`. -->

All input is checked against the same limits, whichever way it arrives:

- A request beyond a limit is refused with 400, and the answer names the field (413 for the body, 431 for the head). Nothing
  of the request is done.
- A message of the bus beyond a limit becomes a dead letter, with the reason.
- Data of a platform beyond a limit is truncated: entries are left out, and names are shortened between characters. This is
  counted in \`muster_platform_anomalies_total\` (\`cut\`), logged once, and shown as \`cut\` in \`ingest.health\` of
  \`GET /v1/connections\`.

Characters are Unicode code points; bytes are those of UTF-8. Text must be well-formed Unicode: unpaired surrogates
(\`"\\ud800"\`), bytes that are not UTF-8 and percent-encodings of such bytes are refused in the same way. In data that is
read from a platform they are replaced by U+FFFD and counted (\`mended_text\`). A time without a time zone is refused in a
push; in data that is read from a platform it is ignored, and counted as \`zoneless_times\` beside \`cut\`.`;

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
