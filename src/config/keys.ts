import { defaultBranch, discriminator, isSection, nodeOf, type SchemaNode } from './node.ts';
import { ConfigSchema } from './schema.ts';

/** A key of the configuration, as a person writes it. */
export interface Key {
  /** `<name>` stands for a name of the user's, `[]` for any entry of a list: `queues.<name>.withSkill[].level`. */
  path: string;
  node: SchemaNode;
  isRequired: boolean;
  /** The choices that have the key, where others do not: `kafka` for `bus.brokers`. */
  only: string[];
}

/** Every key, sections too, in the order of the schema. A key that several choices have alike comes once. */
export function allKeys(): Key[] {
  return keysOfSection('', nodeOf(ConfigSchema), []);
}

/** What a key means, in one text, and which choices have it. */
export function meaningOf({ node, only }: Key): string {
  const having = only.length === 0 ? '' : ` (${only.map((each) => `\`${each}\``).join(', ')} only)`;
  return `${node.description}${having}`;
}

function keysFrom(key: Key): Key[] {
  const { path, node, only } = key;
  const [entry] = Object.values(node.patternProperties ?? {});
  const below = entry ? keysFromNamed(`${path}.<name>`, entry, only) : keysOfSection(path, node, only);
  const items = node.items && isSection(node.items) ? keysOfSection(`${path}[]`, node.items, only) : [];
  return [key, ...below, ...items];
}

const keysFromNamed = (path: string, node: SchemaNode, only: string[]): Key[] =>
  keysFrom({ path, node, isRequired: false, only });

function keysOfSection(path: string, { properties = {}, required = [], anyOf }: SchemaNode, only: string[]): Key[] {
  if (anyOf) return keysOfUnion(path, anyOf, only);
  return Object.entries(properties).flatMap(([name, node]) =>
    keysFrom({ path: under(path, name), node, isRequired: required.includes(name), only }),
  );
}

/** First the choice, then what the branches have. */
function keysOfUnion(path: string, branches: SchemaNode[], only: string[]): Key[] {
  const choice = discriminator(branches);
  const constants = branches.map(({ properties = {} }) => properties[choice] ?? {});
  const description = constants.map((node) => `\`${node.const}\`: ${node.description}`).join(' ');
  const choices = constants.map((node) => node.const);
  const node = { enum: choices, description, default: defaultBranch(branches, choice) };
  const keys: Key[] = [{ path: under(path, choice), node, isRequired: true, only }];
  const seen = new Set<string>();
  for (const { properties = {}, required = [] } of branches) {
    for (const [name, child] of Object.entries(properties)) {
      const alike = branches.map((branch) => isSame(branch.properties?.[name], child));
      const variant = `${name} ${alike}`;
      if (name === choice || seen.has(variant)) continue;
      seen.add(variant);
      const having = choices.filter((_, at) => alike[at]).map(String);
      const narrowed = having.length === branches.length ? only : having;
      keys.push(
        ...keysFrom({ path: under(path, name), node: child, isRequired: required.includes(name), only: narrowed }),
      );
    }
  }
  return keys;
}

const under = (path: string, name: string): string => (path ? `${path}.${name}` : name);

const isSame = (one: SchemaNode | undefined, other: SchemaNode): boolean =>
  one !== undefined && JSON.stringify(one) === JSON.stringify(other);
