/** One problem of a configuration, with the path of the value in the file. */
export interface Problem {
  /** E.g. `connections.genesys-emea.home` or `redis.nodes[0]`; empty for the file as a whole. */
  path: string;
  message: string;
  /** The line of the file that it is about, from 1; undefined where it is about all of it. */
  line?: number;
  /** The reference that has no value here, e.g. `${PORT}`; elsewhere it may have one. */
  unset?: string;
}

/** A configuration that cannot be used. The message has a line for each problem. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly file: string;
  readonly problems: Problem[];

  constructor(file: string, problems: Problem[]) {
    const lines = problems.map(({ path, message }) => `  ${path ? `${path}: ` : ''}${message}`);
    super(`${file} is not a valid configuration:\n${lines.join('\n')}`);
    this.file = file;
    this.problems = problems;
  }
}

/** A problem in one line: `eu.yaml:3: listen.port: is 70000, expected …`. */
export function problemLine(file: string, { path, line, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return [place, ...(path ? [path] : []), message].join(': ');
}

/** Whether a path is that of a section or of something in it. */
export function isWithin(path: string, section: string): boolean {
  return path === section || (path.startsWith(section) && /^[.[]/.test(path.slice(section.length)));
}

/** Path of a child of the value at `path`. */
export function inside(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  const shown = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return path ? `${path}.${shown}` : shown;
}

/** Suggestions for an unknown name: `; did you mean "heldMs"?`, or the list of known names. */
export function suggest(name: string, known: string[]): string {
  const near = known.filter((other) => isNear(name, other)).map((other) => JSON.stringify(other));
  if (near.length > 0) return `; did you mean ${near.join(' or ')}?`;
  return known.length > 0 ? `; known here: ${known.join(', ')}` : '';
}

/** The names that are least far from one that is not known, the nearest first. @param most how many */
export function nearest(name: string, known: string[], most: number): string[] {
  const wanted = plain(name);
  const distances = new Map(known.map((other) => [other, editDistance(wanted, plain(other))]));
  return [...distances.keys()].sort((a, b) => (distances.get(a) ?? 0) - (distances.get(b) ?? 0)).slice(0, most);
}

/** A problem if `name` is not one of `known`. */
export function mustBeKnown(path: string, name: string, kind: string, known: object): Problem[] {
  if (Object.hasOwn(known, name)) return [];
  return [
    { path, message: `names the ${kind} "${name}", which is not configured${suggest(name, Object.keys(known))}` },
  ];
}

/** Whether names differ by at most two edits, one for short names; case and separators (`held_ms`) are ignored. */
function isNear(a: string, b: string): boolean {
  const [left, right] = [plain(a), plain(b)];
  return editDistance(left, right) <= (Math.min(left.length, right.length) > 4 ? 2 : 1);
}

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Number of insertions, deletions, replacements and swaps of neighbours between two texts. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      rows[i]?.push(Math.min(at(i - 1, j - 1) + (isSame ? 0 : 1), at(i - 1, j) + 1, at(i, j - 1) + 1, swapped));
    }
  }
  return at(a.length, b.length);
}
