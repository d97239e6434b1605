import { examplesOf } from '../openapi/examples.ts';
import { PROBLEM_TYPE } from '../operations/operation.ts';
import type { OperationId } from '../operations/operations.ts';
import { PROBLEMS, type ProblemCode } from '../problems/problems.ts';
import type { DescribedAnswer, DescribedOperation, Schema } from './described.ts';
import { exampleSection } from './example-section.ts';
import { fieldsOf, parametersOf, typeOf } from './fields.ts';
import { type Html, html, inline, words } from './html.ts';
import { tryForm } from './try-form.ts';

/** One operation: parameters, body, answers, problems, examples, and a form to try it. */
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
${examples.length > 0 && html`<h4>Examples</h4>${examples.map(exampleSection)}`}
${tryForm(method, path, operation, examples)}
</article>`;
}

const shown = ([scheme, scopes]: [string, string[]]): Html =>
  html`<span><a href="#security">${scheme}</a>${scopes.map((scope) => html` with the scope <code>${scope}</code>`)}</span>`;

/** Allows line breaks after slashes. */
export const breakable = (path: string): Html[] => path.split(/(?<=\/)/).map((part) => html`${part}<wbr>`);

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
