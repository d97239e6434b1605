import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { cut } from '../agent/text.ts';
import { defaultBranch, discriminator, expectation, nodeOf, type SchemaNode } from './node.ts';
import { inside, type Problem, suggest } from './problems.ts';

type Section = Record<string, unknown>;

/** Fills in defaults and adds a problem for each value that does not fit the schema. Without problems the result fits. */
export function check(schema: TSchema, value: unknown, problems: Problem[]): unknown {
  return checkNode(nodeOf(schema), value, '', problems);
}

function checkNode(node: SchemaNode, given: unknown, path: string, problems: Problem[]): unknown {
  const value = given ?? structuredClone(node.default);
  if (value === undefined) return note(problems, path, `is missing, expected ${expectation(node)}`);
  if (node.anyOf) return checkUnion(node.anyOf, value, path, problems);
  if (node.properties || node.patternProperties) {
    if (!isSection(value)) return note(problems, path, wrong(node, value));
    return node.properties ? checkSection(node, value, path, problems) : checkNamed(node, value, path, problems);
  }
  if (node.items) return checkList(node, node.items, value, path, problems);
  const plain = fromText(node, value);
  return Value.Check(node as TSchema, plain) ? plain : note(problems, path, wrong(node, plain));
}

function checkSection(node: SchemaNode, value: Section, path: string, problems: Problem[]): Section {
  const known = node.properties ?? {};
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(known, key)) continue;
    note(problems, inside(path, key), `is not known${suggest(key, Object.keys(known))}`);
  }
  const checked = Object.entries(known)
    .filter(([key, child]) => (value[key] ?? child.default) !== undefined || node.required?.includes(key))
    .map(([key, child]) => [key, checkNode(child, value[key], inside(path, key), problems)]);
  return Object.fromEntries(checked);
}

/**
 * A section with names as keys. The object has no prototype, because values of callers are looked up in it:
 * `regions['constructor']` must be undefined.
 */
function checkNamed(node: SchemaNode, value: Section, path: string, problems: Problem[]): Section {
  const [[pattern, child] = ['', {}]] = Object.entries(node.patternProperties ?? {});
  const checked: Section = Object.create(null);
  for (const [key, entry] of Object.entries(value)) {
    const at = inside(path, key);
    if (!new RegExp(pattern).test(key)) {
      note(problems, at, 'is not a name: 1 to 64 letters, digits, dots, dashes or underscores');
    } else checked[key] = checkNode(child, entry ?? {}, at, problems);
  }
  if (Object.keys(value).length < (node.minProperties ?? 0)) note(problems, path, 'is empty, expected at least one');
  return checked;
}

function checkList(node: SchemaNode, items: SchemaNode, value: unknown, path: string, problems: Problem[]): unknown {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = node;
  if (!Array.isArray(value) || value.length < minItems || value.length > maxItems)
    return note(problems, path, wrong(node, value));
  return value.map((item, at) => checkNode(items, item, inside(path, at), problems));
}

/** Checks against the branch that the value selects, so that problems refer to that branch alone. */
function checkUnion(branches: SchemaNode[], value: unknown, path: string, problems: Problem[]): unknown {
  if (!isSection(value)) return note(problems, path, wrong({ anyOf: branches }, value));
  const name = discriminator(branches);
  const chosen = value[name] ?? defaultBranch(branches, name);
  const branch = branches.find(({ properties }) => properties?.[name]?.const === chosen);
  if (branch) return checkSection(branch, value, path, problems);
  const choice: SchemaNode = { enum: branches.map(({ properties }) => properties?.[name]?.const) };
  return checkNode(choice, value[name], inside(path, name), problems);
}

/** Converts numbers and booleans that came as text, e.g. from the environment. */
function fromText(node: SchemaNode, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const isNumeric = node.type === 'integer' || node.type === 'number';
  if (isNumeric && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (node.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function note(problems: Problem[], path: string, message: string): undefined {
  problems.push({ path, message });
}

function wrong(node: SchemaNode, value: unknown): string {
  const what = node.writeOnly && value !== '' ? 'does not fit' : `is ${show(value)}`;
  return `${what}, expected ${expectation(node)}`;
}

const LONGEST_SHOWN = 60;

function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length} entries`;
  if (isSection(value)) return 'a section';
  if (value === '') return 'empty';
  const text = JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${cut(text, LONGEST_SHOWN)}…` : text;
}
