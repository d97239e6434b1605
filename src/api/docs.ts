import { JSON_TYPE } from './operations/operation.ts';
import { operationList } from './operations/operations.ts';
import { PROBLEMS } from './problems/problems.ts';

/** docs/errors.md, rendered from the catalogue: every problem by its status, with meaning and remedy. */
export function renderErrorDocs(): string {
  const byStatus = Object.entries(PROBLEMS).sort(([, a], [, b]) => a.status - b.status);
  const rows = byStatus.map(
    ([code, { status, title, meaning, remedy }]) => `| \`${code}\` | ${status} | ${title}. ${meaning} | ${remedy} |`,
  );
  return `${[INTRODUCTION, '| code | status | meaning | remedy |\n|---|---|---|---|', ...rows].join('\n')}\n`;
}

const INTRODUCTION = `# Errors

<!-- Rendered from src/api/problems/problems.ts; \`npm run docs\` writes it. -->

Every error is answered with an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem,
\`application/problem+json\`:

| member | holds |
|---|---|
| \`type\` | \`urn:muster:problem:<code>\` |
| \`title\`, \`status\` | the kind of problem for people, and the HTTP status |
| \`code\` | the stable name of the problem, for programs |
| \`detail\` | what happened in this case, for people |
| \`errors\` | \`{field, message}\` for every invalid field; \`field\` is a JSON pointer or the name of a header or a parameter |
| \`passed_over\` | with \`no_agent_available\`: how many records were scanned (\`seen\`), and how many agents were passed over for which reason |
| \`incomplete\` | with \`no_agent_available\`: time was too short to look at everybody who could qualify, so ask again |
| \`agent\` | the agent, if there is one |
| \`missing\`, \`known\` | with \`not_yet_consistent\`: writes that have not reached the region, and the answer without them, if any |
| \`request_id\` | the id of the request, also in the header \`x-request-id\` and in the log |

Every 429 and 503 has a \`Retry-After\` header in seconds. A code that is no longer used is never reused.
`;

/** src/client/endpoints.ts, made from the operations: the client loads it, not the server's code. */
export function renderEndpoints(): string {
  const entries = operationList().flatMap(([id, { method, path, repeatable, answers }]) => {
    const types = Object.entries(answers).map(([status, { type = JSON_TYPE }]) => `${status}: '${type}'`);
    return [
      `  ${id}: {`,
      `    method: '${method}',`,
      `    path: '${path}',`,
      `    isRepeatable: ${repeatable !== undefined},`,
      `    answers: { ${types.join(', ')} },`,
      '  },',
    ];
  });
  return [
    "import type { OperationId } from '../api/operations/operations.ts';",
    "import type { Endpoint } from './send.ts';",
    '',
    '/** The endpoint of each operation. Rendered from src/api/operations; `npm run docs` writes it. */',
    'export const ENDPOINTS: Readonly<Record<OperationId, Endpoint>> = {',
    ...entries,
    '};',
    '',
  ].join('\n');
}
