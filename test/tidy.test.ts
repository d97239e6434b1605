import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MAY_IMPORT } from './may-import.ts';
import { fileOfImport } from './packages.ts';

/** The house rules that a machine can hold. Every rule comes with something that breaks it, so that each can fail. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = [
  'src',
  'simulators',
  'world',
  'drills',
  'bench',
  'models',
  'setup',
  'test',
  'docs',
  'integrations',
  'release',
  'deploy',
];
const READ = /\.(ts|m?js|lua|md)$/;

interface File {
  /** From the root, with slashes. */
  path: string;
  text: string;
  lines: string[];
}

interface Rule {
  rule: string;
  files: RegExp;
  /** What breaks the rule, as `line number: why` or only why. */
  broken: (file: File) => string[];
  /** A file that breaks it. */
  example: [path: string, text: string];
}

const TYPESCRIPT = /^(src|simulators|world|drills|bench|models|integrations|release|test)\/.*\.ts$/;
const LONGEST_FILE = 400;
const LONGEST_FUNCTION = 70;

/** The command: it starts everything in src. */
const TOP = 'src/cli.ts';

const RULES: Rule[] = [
  {
    rule: `a file has at most ${LONGEST_FILE} lines`,
    files: /^(src|simulators|world|drills|bench|models|setup|integrations|release|test)\/.*\.(ts|m?js|lua)$/,
    broken: ({ lines }) => (lines.length > LONGEST_FILE ? [`${lines.length} lines`] : []),
    example: ['src/agent/long.ts', '\n'.repeat(LONGEST_FILE + 1)],
  },
  {
    rule: `a function has at most ${LONGEST_FUNCTION} lines`,
    files: /^(src|simulators|world|drills|bench|models|setup|integrations|release)\/.*\.(ts|m?js)$/,
    broken: longFunctions,
    example: ['src/agent/f.ts', `export function f(): void {${'\n  g();'.repeat(LONGEST_FUNCTION)}\n}`],
  },
  {
    rule: 'a file is named after what is in it',
    files: /^(src|simulators|world|drills|bench|models|setup|integrations|release|test)\//,
    broken: ({ path }) =>
      /(^|[-.])(utils?|helpers?|managers?|index)[-.]/.test(basename(path)) ? ['names nothing, or only passes on'] : [],
    example: ['src/agent/claim-utils.ts', ''],
  },
  {
    rule: 'only src/ops/clock.ts reads the wall clock, and the simulators have one of their own',
    files:
      /^(?!src\/ops\/clock\.ts$|simulators\/kit\/clock\.ts$)(src|simulators|world|drills|bench|models|setup|integrations|release)\/.*\.(ts|m?js)$/,
    broken: linesWith(/\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)/),
    example: ['src/agent/f.ts', 'const now = new Date();'],
  },
  {
    rule: 'a folder imports only what lies below it',
    files: /^(src|simulators|world|drills|bench|models|release)\/.*\.ts$/,
    broken: forbiddenImports,
    example: ['src/agent/f.ts', "import type { Agents } from '../store/agents.ts';"],
  },
  {
    rule: 'the simulators are imported by the name of their package',
    files: /^(?!simulators\/).*\.(ts|mjs)$/,
    broken: linesWith(/(?:^(?:import|export|\}).* from |\bimport\()'[./]+\/simulators\/(?:cxone|genesys|kit)\//),
    example: ['world/f.ts', "import { Random } from '../simulators/kit/random.ts';"],
  },
  {
    rule: 'imports make no circle',
    files: TYPESCRIPT,
    broken: circleThrough,
    example: ['src/agent/limits.ts', "import type { cut } from './text.ts';"],
  },
  {
    rule: 'the domain needs nothing but TypeBox',
    files: /^src\/agent\//,
    broken: linesWith(/from '(?!\.{1,2}\/|typebox)/),
    example: ['src/agent/f.ts', "import { readFile } from 'node:fs';"],
  },
  {
    rule: 'only commands print',
    files: /^(?!src\/cli\.ts$)src\/(?!.*\bcommands?(\.ts|\/)).*\.ts$/,
    broken: linesWith(/\bconsole\.|\bprocess\.stdout\b/),
    example: ['src/agent/f.ts', "console.log('here');"],
  },
  {
    rule: 'nothing names a place on one machine',
    files: READ,
    broken: linesWith(/(?<![\w.}])\/(home|root|work|tmp|Users)\//),
    example: ['docs/start.md', `See ${'/home'}/me/muster.`],
  },
  {
    rule: 'nothing is left for later',
    files: READ,
    broken: linesWith(/\b(TO[D]O|FIX[M]E|X[X]X)\b/),
    example: ['src/agent/f.ts', `// ${'TO'}${'DO'} claim`],
  },
  {
    rule: 'a script begins with its contract: its name and purpose, and its KEYS and ARGV where it has any',
    files: /\.lua$/,
    broken: missingContract,
    example: ['src/store/scripts/claim.lua', '-- claim: takes an agent.\nreturn KEYS[1]'],
  },
];

describe.each(RULES)('$rule', ({ files, broken, example: [path, text] }) => {
  test('holds', () => {
    const found = FILES.filter((file) => files.test(file.path));
    const breaches = found.flatMap((file) => broken(file).map((why) => `${file.path}:${why}`));
    expect(breaches).toEqual([]);
  });

  test('can be broken', () => {
    expect(files.test(path)).toBe(true);
    expect(broken(fileOf(path, text))).not.toEqual([]);
  });
});

test('routing, sync and the API do not know which store they work on', () => {
  const imports = ['redis/redis-store', 'record/record'].map((file) => `import { a } from '../store/${file}.ts';`);
  for (const folder of ['routing', 'sync', 'api']) {
    for (const text of imports) expect(forbiddenImports(fileOf(`src/${folder}/f.ts`, text))).not.toEqual([]);
  }
});

describe('no import leads up, to the side, or round', () => {
  test.each([
    ['simulators/kit/f.ts', '../../src/ops/clock.ts'],
    ['simulators/kit/f.ts', '../../world/scene.ts'],
    ['simulators/kit/f.ts', '@muster-routing/muster/client'],
    ['src/ops/f.ts', '@muster/simulators/kit/random'],
    ['src/cli.ts', '../world/scene.ts'],
    ['world/f.ts', '../drills/drills.ts'],
    ['world/tools/f.ts', '../redis/server.ts'],
    ['world/tools/f.ts', '../world.ts'],
    ['simulators/genesys/f.ts', '../cxone/org.ts'],
    ['drills/stage/f.ts', '../drills.ts'],
    ['world/f.ts', '../bench/topic.ts'],
    ['drills/f.ts', '../bench/topic.ts'],
    ['bench/f.ts', '../drills/drills.ts'],
  ])('%s may not import %s', (path, imported) => {
    expect(forbiddenImports(fileOf(path, `import type { A } from '${imported}';`))).not.toEqual([]);
  });

  test.each([
    ['simulators/kit/random.ts', "import { A } from '@muster/simulators/genesys/simulator';"],
    ['world/scene.ts', "import type { A } from './world.ts';"],
    ['drills/zombie-agent.ts', "import { A } from './drills.ts';"],
    ['bench/pool.ts', "import { A } from './claimants.ts';"],
  ])('a circle through %s is found', (path, text) => {
    expect(circleThrough(fileOf(path, text))).not.toEqual([]);
  });
});

describe('no row of MAY_IMPORT names itself or a later one', () => {
  test('holds', () => {
    expect(rowsThatLeadUp(MAY_IMPORT)).toEqual([]);
  });

  test('can be broken', () => {
    expect(rowsThatLeadUp({ 'src/ops': ['src/store/replies'], 'src/store': ['src/ops'] })).not.toEqual([]);
    expect(rowsThatLeadUp({ 'world/tools': ['world/redis'], 'world/redis': [], world: [] })).not.toEqual([]);
    expect(rowsThatLeadUp({ src: ['world'], 'world/tools': [], world: [] })).not.toEqual([]);
  });
});

test('there is something to hold the rules against', () => {
  const read = new Set(FILES.map(({ path }) => path));
  for (const path of ['src/agent/facets.ts', 'src/store/scripts/claim.lua', 'setup/run.mjs', 'test/tidy.test.ts']) {
    expect(read).toContain(path);
  }
});

const FILES: File[] = readFiles();

function readFiles(): File[] {
  const below = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && READ.test(entry.name) && !entry.parentPath.includes('node_modules'))
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name))),
  );
  const top = readdirSync(ROOT).filter((name) => READ.test(name));
  return [...below, ...top].map((path) => fileOf(path, readFileSync(join(ROOT, path), 'utf8')));
}

function fileOf(path: string, text: string): File {
  return { path: path.replaceAll('\\', '/'), text, lines: text.replace(/\n$/, '').split('\n') };
}

function linesWith(pattern: RegExp): Rule['broken'] {
  return ({ lines }) => lines.flatMap((line, at) => (pattern.test(line) ? [`${at + 1}: ${line.trim()}`] : []));
}

/** Relies on the formatter: a function's last line is the first `}` as far to the left as its first line. */
function longFunctions({ lines }: File): string[] {
  const starts = /^(\s*)(?!(?:if|for|while|switch|else|do|try|catch|class|interface|\}))\S.*(?:\)|\): .+|=>) \{$/;
  return lines.flatMap((line, at) => {
    const indent = starts.exec(line)?.[1];
    if (indent === undefined) return [];
    const length = lines.slice(at).findIndex((end) => end.startsWith(`${indent}}`)) + 1;
    return length > LONGEST_FUNCTION ? [`${at + 1}: ${length} lines`] : [];
  });
}

interface Import {
  /** Of the line, from 1. */
  at: number;
  /** Path of the imported file from the root. */
  path: string;
}

/** Every import of another file of ours, also for a type, by the name of its package, and `import()`. */
function importsOf({ path, lines }: File): Import[] {
  return lines.flatMap((line, at) => {
    const imported = /\b(?:from|import) ?\(?'([^']+)'/.exec(line)?.[1];
    if (imported === undefined) return [];
    const file = imported.startsWith('.') ? normalize(join(dirname(path), imported)) : fileOfImport(imported);
    return file === undefined ? [] : [{ at: at + 1, path: file.replaceAll('\\', '/') }];
  });
}

const isIn = (path: string, place: string): boolean => path === `${place}.ts` || path.startsWith(`${place}/`);

function forbiddenImports(file: File): string[] {
  const folder = file.path === TOP ? 'src' : rowOf(file.path, MAY_IMPORT);
  if (folder === undefined) return [' its folder has no row in MAY_IMPORT'];
  const allowed = MAY_IMPORT[folder] ?? [];
  return importsOf(file).flatMap(({ at, path }) =>
    [folder, ...allowed].some((place) => isIn(path, place)) ? [] : [`${at}: ${folder} may not import ${path}`],
  );
}

/** The row that a file belongs to: the innermost folder that has one. */
function rowOf(path: string, table: Record<string, string[]>): string | undefined {
  const rows = Object.keys(table).filter((folder) => isIn(path, folder));
  return rows.sort((a, b) => b.length - a.length)[0];
}

function rowsThatLeadUp(table: Record<string, string[]>): string[] {
  const folders = Object.keys(table);
  return Object.entries(table).flatMap(([folder, allowed], at) => {
    const above = folders.slice(at);
    const leadsUp = (place: string) =>
      above.includes(rowOf(`${place}.ts`, table) ?? '') || above.some((name) => isIn(`${name}/`, place));
    return allowed.filter(leadsUp).map((place) => `${folder}: ${place}`);
  });
}

let imports: Map<string, string[]> | undefined;

/** The shortest way that leads from a file through imports back to it. */
function circleThrough(file: File): string[] {
  imports ??= new Map(FILES.map((each) => [each.path, importsOf(each).map(({ path }) => path)]));
  const cameFrom = new Map<string, string>();
  const open = [file.path];
  for (const path of open) {
    const imported = path === file.path ? importsOf(file).map((each) => each.path) : (imports.get(path) ?? []);
    for (const next of imported) {
      if (next === file.path) return [` ${wayTo(path, cameFrom)} → ${file.path}`];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, path);
      open.push(next);
    }
  }
  return [];
}

function wayTo(path: string, cameFrom: Map<string, string>): string {
  const before = cameFrom.get(path);
  return before === undefined ? path : `${wayTo(before, cameFrom)} → ${path}`;
}

function missingContract({ path, text }: File): string[] {
  const [header = ''] = text.split(/\n(?!--)/, 1);
  const name = basename(path, '.lua');
  const missing = header.startsWith(`-- ${name}: `) ? [] : [`1: does not begin with "-- ${name}: "`];
  const tables = ['KEYS', 'ARGV'].filter((table) => text.includes(`${table}[`) && !header.includes(`-- ${table} `));
  return [...missing, ...tables.map((table) => `1: uses ${table} and does not say what it holds`)];
}
