import type { TSchema } from 'typebox';

/** The subset of JSON Schema that the configuration's schema uses. */
export interface SchemaNode {
  type?: string;
  title?: string;
  pattern?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  /** A secret: never shown. */
  writeOnly?: boolean;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  properties?: Record<string, SchemaNode>;
  required?: string[];
  patternProperties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
}

export function nodeOf(schema: TSchema): SchemaNode {
  return schema as SchemaNode;
}

/** Whether a value is a section, with keys of its own. */
export function isSection({ properties, patternProperties, anyOf }: SchemaNode): boolean {
  return properties !== undefined || patternProperties !== undefined || anyOf !== undefined;
}

/** Expected value as text, to follow "expected" in a message. */
export function expectation(node: SchemaNode): string {
  if (node.title) return node.title;
  if (node.const !== undefined) return String(node.const);
  if (node.enum) return node.enum.length === 1 ? String(node.enum[0]) : `one of ${node.enum.join(', ')}`;
  if (node.anyOf) return 'a section';
  switch (node.type) {
    case 'integer':
      return `a whole number from ${node.minimum} to ${node.maximum}`;
    case 'number':
      return `a number from ${node.minimum} to ${node.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of ${node.minItems} to ${node.maxItems} entries`;
    case 'object':
      return 'a section';
    default:
      return node.pattern ? `a text like ${node.pattern}` : 'a text that is not empty';
  }
}

/** The property that distinguishes the branches of a union: a constant in each of them. */
export function discriminator(branches: SchemaNode[]): string {
  const names = Object.keys(branches[0]?.properties ?? {});
  const name = names.find((key) => branches.every((branch) => branch.properties?.[key]?.const !== undefined));
  if (name === undefined) throw new Error('a union in the schema has no property that distinguishes its branches');
  return name;
}

/** Default of the discriminator; undefined if it is required. */
export function defaultBranch(branches: SchemaNode[], name: string): unknown {
  return branches.map(({ properties }) => properties?.[name]?.default).find((value) => value !== undefined);
}
