import { allKeys, type Key, meaningOf } from './keys.ts';
import { expectation, isSection } from './node.ts';
import { isWithin, nearest } from './problems.ts';

/** What there is to say of a key, as a page for a terminal; or the keys that may have been meant. */
type Explanation = { text: string } | { nearest: string[] };

const MOST_NEAREST = 3;

/**
 * Explains a key, by its path: with names of the user's own or `<name>`, with or without places in lists. An end of a path, such
 * as `heldMs`, means every key that ends so.
 */
export function explainKey(wanted: string): Explanation {
  const keys = allKeys();
  const exact = keys.filter(({ path }) => patternOf(path).test(wanted));
  const found = exact.length > 0 ? exact : keys.filter(({ path }) => path.endsWith(`.${wanted}`));
  if (found.length > 0) return { text: found.map((key) => render(key, keys)).join('\n\n') };
  return { nearest: nearestPaths(wanted, [...new Set(keys.map(({ path }) => path))]) };
}

/** A name alone is compared with names, and one that is right in a wrong place is nearer to its own than to its neighbours. */
function nearestPaths(wanted: string, paths: string[]): string[] {
  const ending = (name: string): string[] => paths.filter((path) => lastOf(path) === name);
  const own = ending(lastOf(wanted));
  if (own.length > 0) return nearest(wanted, own, MOST_NEAREST);
  if (wanted.includes('.')) return nearest(wanted, paths, MOST_NEAREST);
  return nearest(wanted, [...new Set(paths.map(lastOf))], MOST_NEAREST).flatMap(ending);
}

/** Matches a path that a user writes: in `connections.<name>.home` stands a name, quoted if it holds dots. */
function patternOf(path: string): RegExp {
  const pattern = path
    .replaceAll('.', '\\.')
    .replaceAll('<name>', '("[^"]*"|[^.[\\]"]+)')
    .replaceAll('[]', '(\\[\\d*\\])?');
  return new RegExp(`^${pattern}(\\[\\d*\\])?$`);
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

function render(key: Key, keys: Key[]): string {
  const { path, node } = key;
  const facts = isSection(node) ? [] : factsOf(key);
  const inside = keys.filter((each) => each !== key && isWithin(each.path, path) && isDirectly(each.path, path));
  const lines = [
    path,
    `  ${plainText(meaningOf(key))}`,
    '',
    ...facts.map(([name, value]) => `  ${name.padEnd(9)} ${value}`),
    ...(isSection(node) ? ['  holds', ...new Set(inside.map((each) => `    ${each.path}`))] : []),
    `  ${'page'.padEnd(9)} ${pagesOf(key).join(', ')}`,
  ];
  return lines.join('\n');
}

function factsOf({ path, node, isRequired }: Key): [name: string, value: string][] {
  const { default: value } = node;
  const unit = unitOf(path);
  return [
    ['value', `${expectation(node)}${node.writeOnly ? '; a secret: never shown or logged' : ''}`],
    ...(unit === undefined ? [] : ([['unit', unit]] as [string, string][])),
    [
      'default',
      value === undefined ? (isRequired ? 'none: it must be set' : 'none: it may be left out') : JSON.stringify(value),
    ],
  ];
}

/** Units are in names: `heldMs`, `retriesPerMinute`. */
function unitOf(path: string): string | undefined {
  const name = lastOf(path);
  const [, what, per] = /([A-Z]?[a-z]+)Per([A-Z][a-z]+)$/.exec(name) ?? [];
  if (what && per) return `${what.toLowerCase()} per ${per.toLowerCase()}`;
  const [, unit] = /(Ms|Seconds|seconds|Hours|Days)$/.exec(name) ?? [];
  return unit === 'Ms' ? 'milliseconds' : unit?.toLowerCase();
}

/** Whether nothing stands between a path and what it is in but names and places. */
function isDirectly(path: string, section: string): boolean {
  return /^((\.<name>|\[\])*\.[^.[]+|\.<name>)$/.test(path.slice(section.length));
}

const LINK = /\[([^\]]*)\]\(([^)]*)\)/g;

/** The pages that say more: that of all keys, and those that the description leads to. */
function pagesOf({ path, node }: Key): string[] {
  const [section = ''] = path.split('.', 1);
  const linked = [...(node.description ?? '').matchAll(LINK)].map(([, , page]) => `docs/${page}`);
  return [`docs/configuration.md#${section}`, ...linked];
}

/** A description without links, which a terminal does not follow. */
export const plainText = (description: string): string => description.replaceAll(LINK, '$1');
