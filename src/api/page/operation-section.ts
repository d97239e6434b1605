import type { Example } from '../openapi/example.ts';
import { answerTo, examplesOf } from '../openapi/examples.ts';
import { JSON_TYPE, type Operation, PROBLEM_TYPE } from '../operations/operation.ts';
import { OPERATIONS, type OperationId } from '../operations/operations.ts';
import { PROBLEMS, type ProblemCode } from '../problems/problems.ts';
import type { DescribedAnswer, DescribedOperation, Schema } from './described.ts';
import { fieldsOf, parametersOf, typeOf } from './fields.ts';
import { type Html, html, inline, words } from './html.ts';

/** One operation: parameters, body, answers, problems and examples. */
export function operationSection(method: string, path: string, operation: DescribedOperation): Html {
  const { operationId: id, summary, description, parameters, requestBody, responses, security } = operation;
  const [body] = Object.entries(requestBody?.content ?? {});
  const types = Object.keys(requestBody?.content ?? {}).join(', ');
  const examples = examplesOf(id as OperationId);
  return html`<article id="${id}">
<h3><a class="anchor" href="#${id}">${summary}</a></h3>
<p class="call"><span class="method ${method}">${method.toUpperCase()}</span> <code>${breakable(path)}</code></p>
<p class="facts"><span>${id}</span>${(security ?? []).flatMap((each) => Object.entries(each)).map(shown)}</p>
${description && words(description)}
${parameters && html`<h4>Parameters</h4>${parametersOf(parameters)}`}
${body && html`<h4>Body <small>${types}${!requestBody?.required && ', optional'}</small></h4>${bodyOf(body[1].schema)}`}
<h4>Answers</h4>
${Object.entries(responses).map(([status, answer]) => answerOf(status, answer))}
${problemsOf(responses)}
${examples.length > 0 && html`<h4>Examples</h4>${examples.map(exampleOf)}`}
</article>`;
}

const shown = ([scheme, scopes]: [string, string[]]): Html =>
  html`<span><a href="#security">${scheme}</a>${scopes.map((scope) => html` with the scope <code>${scope}</code>`)}</span>`;

/** Allows line breaks after slashes. */
const breakable = (path: string): Html[] => path.split(/(?<=\/)/).map((part) => html`${part}<wbr>`);

function bodyOf(schema: Schema): Html {
  const isPlain = schema.type === 'object';
  return html`${!isPlain && html`<p class="type">${typeOf(schema)}</p>`}${schema.description && words(schema.description)}${fieldsOf(schema)}`;
}

function answerOf(status: string, { description, headers, content = {} }: DescribedAnswer): Html | false {
  const answered = Object.entries(content).filter(([type]) => type !== PROBLEM_TYPE);
  if (answered.length === 0) return false;
  const own = Object.keys(headers).filter((name) => name !== 'x-request-id');
  return html`<div class="answer"><p><span class="status">${status}</span> ${inline(description.split(' Or `')[0] ?? '')}</p>
${answered.map(([type, { schema }]) => html`<p class="type">${typeOf(schema)} <small>${type}</small></p>${fieldsOf(schema)}`)}
${own.length > 0 && html`<p class="type">headers ${own.map((name, at) => html`${at > 0 && ', '}<code title="${headers[name]?.description}">${name}</code>`)}</p>`}
</div>`;
}

function problemsOf(responses: Record<string, DescribedAnswer>): Html {
  const all = Object.values(responses).flatMap(({ content = {} }) => {
    const schema = content[PROBLEM_TYPE]?.schema;
    return (schema?.oneOf ?? (schema ? [schema] : [])).map(({ $ref = '' }) => $ref.split('Problem.').at(-1));
  });
  return html`<details class="problems"><summary>${all.length} problems</summary><dl class="fields">${all.map(
    (code) => {
      const { status, title, remedy } = PROBLEMS[code as ProblemCode];
      return html`<div><dt><span class="status problem">${status}</span> <a href="#schema-Problem.${code}"><code>${code}</code></a></dt>
<dd>${title}. ${inline(remedy)}</dd></div>`;
    },
  )}</dl></details>`;
}

function exampleOf(example: Example, at: number): Html {
  const answer = answerTo(example);
  return html`<details class="example" id="example-${example.name}"${at === 0 && html` open`}><summary><span class="status${example.status >= 400 && ' problem'}">${example.status}</span> ${example.summary}</summary>
<pre><code>${curlOf(example)}</code></pre>
${answer !== undefined && html`<pre class="answered"><code>${JSON.stringify(answer, null, 2)}</code></pre>`}
</details>`;
}

/** The example as a curl command, for the instance at `$MUSTER`. */
function curlOf({ operation, params = {}, query = {}, headers = {}, type = JSON_TYPE, body }: Example): string {
  const { method, path }: Operation = OPERATIONS[operation];
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ''));
  const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const url = `"$MUSTER${filled}${search.length > 0 ? `?${search.join('&')}` : ''}"`;
  if (body === undefined) return method === 'GET' ? `curl ${url}` : `curl -X ${method} ${url}`;
  const sent = { ...headers, 'content-type': type };
  const shown = Object.entries(sent).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)} \\\n`);
  return `curl ${url} \\\n${shown.join('')}  -d ${quoted(JSON.stringify(body, null, 2))}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
