import { SECTIONS } from './catalogue.ts';
import type { LogEvent } from './log-event.ts';

/** Renders docs/log-events.md from the catalogue. */
export function renderLogEventDocs(): string {
  const sections = Object.entries(SECTIONS).map(([title, events]) => `## ${title}\n\n${HEAD}\n${rowsOf(events)}\n`);
  return [INTRODUCTION, ...sections].join('\n');
}

function rowsOf(events: Record<string, LogEvent>): string {
  return Object.entries(events)
    .map(
      ([code, { level, message, meaning, remedy = '–' }]) =>
        `| \`${code}\` | ${level} | ${message}. ${meaning} | ${remedy} |`,
    )
    .join('\n');
}

const HEAD = '| event | level | meaning | what to do |\n|---|---|---|---|';

const INTRODUCTION = `# Log events

<!-- Rendered from src/ops/log-events; \`npm run docs\` updates it. -->

The log of an instance is JSON lines on standard error. Filter and alert on \`event\`, not on \`msg\`: codes are stable, messages may
change. A code that is no longer used is never used for anything else. A state is logged when it changes, not while it lasts.
[operations.md](operations.md#what-the-log-says) says which events to alert on.

| field | holds |
|---|---|
| \`event\` | the code of the line, from the tables below |
| \`level\`, \`time\` | 20 debug, 30 info, 40 warn, 50 error; ms since 1970 |
| \`msg\` | the first sentence of the meaning |
| \`region\`, \`instance\` | which instance wrote the line |
| \`trace_id\` | the trace of the request, the same in all regions |
| \`peer\` | the other region that the line is about |
| \`agent\`, \`call\`, \`connection\`, \`domain\`, \`partition\`, \`shard\` | what the line is about: ids as in the API, the address of a shard |
| \`err\` | an error, with its stack |
| \`reason\` | the error in one line |

\`warn or debug\`: \`debug\` where another line has already reported the cause. \`log.level\` in the config decides what is written.
Records of the [audit](security.md#the-audit) share the stream unless \`audit.file\` is set: they carry \`audit: true\` and \`op\`, and no \`event\`.
`;
