import { plainText } from './explain.ts';
import { isSection, nodeOf, type SchemaNode } from './node.ts';
import { ConfigSchema } from './schema.ts';

type JsonSchema = Record<string, unknown>;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const REFERENCE = { $ref: '#/$defs/reference' };
/** What holds a reference may become anything. */
const HOLDS_REFERENCE = '\\$\\{';

/**
 * The configuration as a JSON Schema, for editors: what is required is what has no default, and a reference such as `${PORT}` may
 * stand in place of any single value. It knows less than `muster config check`: nothing of values that must agree.
 */
export function renderJsonSchema(): JsonSchema {
  return {
    $schema: DIALECT,
    title: 'Configuration of Muster',
    description:
      'One region, for every instance that serves it. `muster config check` checks more than this schema can say.',
    ...render(nodeOf(ConfigSchema)),
    $defs: {
      reference: {
        description: `A text with references: \${NAME}, \${NAME:-default} or \${file:PATH}.`,
        type: 'string',
        pattern: HOLDS_REFERENCE,
      },
    },
  };
}

function render(node: SchemaNode): JsonSchema {
  const said = annotationsOf(node);
  if (node.anyOf) return { ...said, anyOf: node.anyOf.map(render) };
  if (isSection(node)) return { ...said, ...sectionOf(node) };
  if (node.items) {
    const { minItems, maxItems } = node;
    return { ...said, type: 'array', items: render(node.items), minItems, maxItems };
  }
  const { title: _, description: __, default: ___, writeOnly: ____, ...value } = { ...node };
  return { ...said, anyOf: [value, REFERENCE] };
}

function sectionOf({ properties, patternProperties = {}, required = [], minProperties }: SchemaNode): JsonSchema {
  const shared = { type: 'object', additionalProperties: false, ...(minProperties && { minProperties }) };
  if (properties) {
    const needed = required.filter((name) => properties[name]?.default === undefined);
    return { ...shared, properties: rendered(properties), ...(needed.length > 0 && { required: needed }) };
  }
  const named = rendered(patternProperties);
  const [entry] = Object.values(named);
  return { ...shared, patternProperties: { ...named, [HOLDS_REFERENCE]: entry } };
}

const rendered = (nodes: Record<string, SchemaNode>): Record<string, JsonSchema> =>
  Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, render(node)]));

function annotationsOf({ title, description, default: value, writeOnly }: SchemaNode): JsonSchema {
  const meaning = [description && plainText(description), title && `Expected: ${title}.`].filter(Boolean).join(' ');
  return {
    ...(meaning && { description: meaning }),
    ...(value !== undefined && { default: value }),
    ...(writeOnly && { writeOnly }),
  };
}
