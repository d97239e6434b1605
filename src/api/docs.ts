import { JSON_TYPE } from './operations/operation.ts';
import { operationList } from './operations/operations.ts';
import { PROBLEMS } from './problems/problems.ts';

/** docs/errors.md, made from the catalogue: every problem by its status, what it means and what to do about it. */
export function renderErrorDocs(): string {
  const byStatus = Object.entries(PROBLEMS).sort(([, a], [, b]) => a.status - b.status);
  const rows = byStatus.map(
    ([code, { status, title, meaning, remedy }]) => `| \`${code}\` | ${status} | ${title}. ${meaning} | ${remedy} |`,
  );
  return `${[INTRODUCTION, '| code | status | meaning | remedy |\n|---|---|---|---|', ...rows].join('\n')}\n`;
}

const INTRODUCTION = `# Errors

<!-- Rendered from src/api/problems/problems.ts; \`npm run docs\` writes it anew. -->

Whatever goes wrong is answered as an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem,
\`application/problem+json\`:

| member | holds |
|---|---|
| \`type\` | \`urn:muster:problem:<code>\` |
| \`title\`, \`status\` | the kind of problem in words, and the HTTP status |
| \`code\` | the stable name of the problem: what programs should look at |
| \`detail\` | what happened this time, for people |
| \`errors\` | \`{field, message}\` for every field that is wrong; \`field\` is a JSON pointer or a parameter's name |
| \`passed_over\` | with \`no_agent_available\`: how many records were looked at (\`seen\`), and how many agents were passed over for what |
| \`agent\` | the agent it is about, where there is one |
| \`missing\`, \`known\` | with \`not_yet_consistent\`: what has not arrived here, and the answer without it, if any |
| \`request_id\` | also in the header \`x-request-id\`, and beside the error in the log |

Every 429 and 503 has a \`Retry-After\` header in seconds. A code that is no longer used is never used for anything else.
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
