import type { Parameter, Schema } from './described.ts';
import { type Html, html, inline } from './html.ts';

/** The name of a referenced schema. */
const nameOf = (ref: string): string => ref.split('/').at(-1) ?? ref;

/** A type in short: `integer, 1 to 50`, alternatives, or a link to a named schema. */
export function typeOf(schema: Schema): Html {
  const { $ref, type, enum: allowed, const: only, anyOf, oneOf, items, patternProperties = {} } = schema;
  if ($ref) return html`<a href="#schema-${nameOf($ref)}">${nameOf($ref)}</a>`;
  if (allowed) return html`${joined(allowed.map(literal), ' | ')}`;
  if (only !== undefined) return literal(only);
  const variants = anyOf?.some(({ type, $ref }) => type || $ref) ? anyOf : oneOf;
  if (variants) return html`${joined(variants.map(typeOf), ' or ')}`;
  if (type === 'array') return html`array of ${typeOf(items ?? {})}`;
  const [values] = Object.values(patternProperties);
  if (type === 'object' && values) return html`map to ${typeOf(values)}`;
  return html`${type ?? 'anything'}${boundsOf(schema)}`;
}

const literal = (value: unknown): Html => html`<code>${JSON.stringify(value)}</code>`;
const joined = (parts: Html[], between: string): Html[] => parts.map((part, at) => html`${at > 0 && between}${part}`);

function boundsOf({ minimum, maximum, maxLength, format }: Schema): string {
  const bounds = [
    format,
    maxLength !== undefined && `up to ${maxLength} characters`,
    minimum !== undefined && maximum !== undefined && `${minimum} to ${maximum}`,
    minimum !== undefined && maximum === undefined && `${minimum} or more`,
  ].filter((each) => each);
  return bounds.map((each) => `, ${each}`).join('');
}

/** The fields of an object, of an array's items, or of all alternatives. */
export function fieldsOf(schema: Schema): Html | undefined {
  const { properties, required = [], items, anyOf, oneOf, patternProperties = {} } = schema;
  if (properties && Object.keys(properties).length > 0) {
    return html`<dl class="fields">${Object.entries(properties).map(([name, field]) => fieldOf(name, field, required.includes(name)))}</dl>`;
  }
  if (items) return fieldsOf(items);
  const inner = [...(anyOf ?? oneOf ?? []), ...Object.values(patternProperties)].flatMap(
    (each) => fieldsOf(each) ?? [],
  );
  return inner.length > 0 ? html`${joined(inner, '')}` : undefined;
}

function fieldOf(name: string, schema: Schema, isRequired: boolean): Html {
  return html`<div>
<dt><code class="name">${name}</code>${!isRequired && html` <span class="optional">optional</span>`} <span class="type">${typeOf(schema)}</span></dt>
<dd>${schema.description && inline(schema.description)}${fieldsOf(schema)}</dd>
</div>`;
}

/** Parameters and headers of a request. */
export function parametersOf(parameters: Parameter[]): Html {
  return html`<dl class="fields">${parameters.map(
    ({ name, in: place, required, description, schema }) => html`<div>
<dt><code class="name">${name}</code>${!required && html` <span class="optional">optional</span>`} <span class="type">${place}, ${typeOf(schema)}</span></dt>
<dd>${inline(description)}</dd>
</div>`,
  )}</dl>`;
}
