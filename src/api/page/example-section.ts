import type { Example } from '../openapi/example.ts';
import { answerTo } from '../openapi/examples.ts';
import { JSON_TYPE, type Operation } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/operations.ts';
import { type Html, html } from './html.ts';

/** One example: the request as a curl command, and its answer. */
export function exampleSection(example: Example, at: number): Html {
  const answer = answerTo(example);
  const { name, summary, status } = example;
  return html`<details class="example" id="example-${name}"${at === 0 && html` open`}><summary><span class="status${status >= 400 && ' problem'}">${status}</span> ${summary}</summary>
${listing('curl', 'Request', curlOf(example))}
${answer !== undefined && listing('JSON', 'Answer', JSON.stringify(answer, null, 2))}
</details>`;
}

/** Text to copy. It may scroll, so it takes the focus. */
const listing = (kind: string, label: string, text: string): Html =>
  html`<div class="listing" data-kind="${kind}"><pre tabindex="0" role="group" aria-label="${label}"><code>${text}</code></pre></div>`;

/** The example as a curl command, for the instance at `$MUSTER`, with the token in `$MUSTER_TOKEN` where one is needed. */
function curlOf({ operation, params = {}, query = {}, headers = {}, type = JSON_TYPE, body }: Example): string {
  const { method, path, access }: Operation = OPERATIONS[operation];
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ''));
  const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const url = `"$MUSTER${filled}${search.length > 0 ? `?${search.join('&')}` : ''}"`;
  const needsToken = access !== 'open' && access !== 'platform' && access !== 'region';
  const sent = { ...headers, ...(body !== undefined && { 'content-type': type }) };
  const parts = [
    method === 'GET' || body !== undefined ? `curl ${url}` : `curl -X ${method} ${url}`,
    ...(needsToken ? ['-H "authorization: Bearer $MUSTER_TOKEN"'] : []),
    ...Object.entries(sent).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body !== undefined ? [`-d ${quoted(JSON.stringify(body, null, 2))}`] : []),
  ];
  return parts.join(' \\\n  ');
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
