import type { Example } from '../openapi/example.ts';
import { JSON_TYPE, type Operation } from '../operations/operation.ts';
import { OPERATIONS, type OperationId } from '../operations/operations.ts';
import type { DescribedOperation, Parameter, Schema } from './described.ts';
import { type Html, html } from './html.ts';

/** What an example fills in, by the place and the name of a field. */
type Filled = Record<'path' | 'query' | 'header' | 'body', Record<string, string>>;
type Field = Pick<Parameter, 'name' | 'in' | 'required' | 'schema'>;

const NOTHING: Filled = { path: {}, query: {}, header: {}, body: {} };
/** Name of the field with the body. */
const BODY = 'body';
/** The credentials of platforms are a connection's own. */
const SECRET: Field = { name: 'authorization', in: 'header', required: false, schema: { type: 'string' } };

/** A form that sends a request of the operation to the instance that served the page. Shown only where scripts run. */
export function tryForm(method: string, path: string, described: DescribedOperation, examples: Example[]): Html {
  const { operationId: id, parameters = [], requestBody, responses } = described;
  const operation: Operation = OPERATIONS[id as OperationId];
  const first = examples.find(({ status }) => status < 400);
  const filled = first ? filledBy(first) : NOTHING;
  const fields = [...parameters, ...(operation.access === 'platform' ? [SECRET] : [])];
  const isStream = Object.values(responses).some(({ content = {} }) => 'text/event-stream' in content);
  const changes = changesOf(operation);
  return html`<details class="try needs-script"><summary>Try it</summary>
<form data-method="${method.toUpperCase()}" data-path="${path}" data-access="${accessOf(operation)}" data-changes="${changes}"${isStream && html` data-stream`}>
${examples.length > 0 && (fields.length > 0 || requestBody !== undefined) && exampleChoice(id, examples, first)}
${fields.map((field) => fieldOf(id, field, filled[field.in][field.name] ?? ''))}
${requestBody && bodyOf(id, filled.body[BODY] ?? '')}
<p class="send"><button type="submit">Send${changes === 'always' && ' and change data'}</button><button type="button" class="stop" hidden>Stop</button><span class="with"></span></p>
</form></details>`;
}

/** `always`, the parameter with which a request changes something, or nothing. Some scripts can only GET. */
function changesOf({ method, access, accessWith = {} }: Operation): string {
  if (method !== 'GET' || access === 'route:agent') return 'always';
  return Object.keys(accessWith).at(0) ?? '';
}

function accessOf({ access }: Operation): 'token' | 'secret' | 'open' {
  if (access === 'open') return 'open';
  return access === 'platform' ? 'secret' : 'token';
}

function exampleChoice(operation: string, examples: Example[], first: Example | undefined): Html {
  return html`<div class="field"><label for="try-${operation}">Example</label><select class="fill" id="try-${operation}">
${examples.map((each) => html`<option data-fill="${JSON.stringify(filledBy(each))}"${each === first && html` selected`}>${each.summary}</option>`)}
<option data-fill="${JSON.stringify(NOTHING)}"${!first && html` selected`}>None: empty fields</option></select></div>`;
}

function filledBy({ params = {}, query = {}, headers = {}, body }: Example): Filled {
  const texts = Object.entries(query).map(([name, value]) => [name, String(value)]);
  return {
    path: params,
    query: Object.fromEntries(texts),
    header: headers,
    body: body === undefined ? {} : { [BODY]: JSON.stringify(body, null, 2) },
  };
}

function fieldOf(operation: string, { name, in: place, required, schema }: Field, value: string): Html {
  const id = `try-${operation}-${place}-${name}`;
  const named = html`id="${id}" data-in="${place}" data-name="${name}"${required && html` required`}`;
  return html`<div class="field"><label for="${id}"><code>${name}</code> <small>${place}${required && ', required'}</small></label>${
    choicesOf(schema)
      ? html`<select ${named}>${['', ...(choicesOf(schema) ?? [])].map((each) => html`<option${each === value && html` selected`}>${each}</option>`)}</select>`
      : html`<input ${named} value="${value}" autocomplete="off" autocapitalize="off" spellcheck="false"${schema.type === 'integer' && html` inputmode="numeric"`}>`
  }</div>`;
}

function choicesOf({ type, enum: allowed }: Schema): string[] | undefined {
  if (type === 'boolean') return ['true', 'false'];
  return allowed?.map(String);
}

const LONGEST_SHOWN = 16;

function bodyOf(operation: string, value: string): Html {
  const id = `try-${operation}-body`;
  const rows = Math.min(LONGEST_SHOWN, Math.max(3, value.split('\n').length));
  return html`<div class="field"><label for="${id}"><code>body</code> <small>${JSON_TYPE}</small></label><textarea id="${id}" data-in="body" data-name="${BODY}" rows="${rows}" autocomplete="off" autocapitalize="off" spellcheck="false">
${value}</textarea></div>`;
}
