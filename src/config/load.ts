import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Value } from 'typebox/value';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { flawIn } from '../agent/text.ts';
import { NOT_UTF8, textOf } from '../ops/utf8.ts';
import { check } from './check.ts';
import { crossCheck } from './crosscheck.ts';
import { linesOf } from './lines.ts';
import { ConfigError, inside, isWithin, type Problem } from './problems.ts';
import { References } from './references.ts';
import { type Config, ConfigSchema } from './schema.ts';

/** What a file says, and what is wrong with it. */
interface Inspected {
  /** Undefined where something is wrong. */
  config?: Config;
  /** In the order of the file. */
  problems: Problem[];
}

/** Reads, completes and checks a configuration file. @throws ConfigError with everything that is wrong */
export async function loadConfig(file: string): Promise<Config> {
  return readConfig(await readText(file), file, process.env);
}

/** The text of a configuration file. @throws ConfigError if it cannot be read */
export async function readText(file: string): Promise<string> {
  const unreadable = (message: string) => new ConfigError(file, [{ path: '', message }]);
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unreadable(`cannot be read: ${WHY_UNREADABLE[code ?? ''] ?? code ?? error}`);
  }
  const text = textOf(bytes);
  if (text === undefined) throw unreadable(NOT_UTF8);
  return text;
}

const WHY_UNREADABLE: Record<string, string> = {
  ENOENT: 'the file does not exist',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not read it',
};

/**
 * Completes and checks the text of a configuration.
 * @param file whose text it is: files that it refers to are beside it
 * @throws ConfigError with everything that is wrong
 */
export function readConfig(text: string, file: string, env: NodeJS.ProcessEnv): Config {
  const { config, problems } = inspectConfig(text, file, env);
  if (!config) throw new ConfigError(file, problems);
  return config;
}

/** The same, without throwing. */
export function inspectConfig(text: string, file: string, env: NodeJS.ProcessEnv): Inspected {
  const references = new References(text);
  const lines = new LineCounter();
  const document = parseDocument(references.markedText, { lineCounter: lines });
  const yaml = parse(document, references);
  if ('problems' in yaml) return yaml;
  const problems: Problem[] = [];
  const given = references.resolve(yaml.value, { env, folder: dirname(file) }, problems);
  const config = checkGiven(given, problems);
  if (problems.length === 0) return { config: proven(config), problems };
  const lineOf = linesOf(document, lines);
  const placed = problems.map((problem) => ({ ...problem, ...placeOf(lineOf(problem.path)) }));
  return { problems: placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

const placeOf = (line: number | undefined) => (line === undefined ? {} : { line });

/** Notes everything that is wrong. What has no value is wrong for that alone, whatever was expected there. */
function checkGiven(given: unknown, problems: Problem[]): unknown {
  const flaw = flawIn(given);
  if (flaw) problems.push({ path: flaw.path.reduce<string>(inside, ''), message: flaw.message });
  const noted = new Set(problems.map(({ path }) => path));
  const misfits: Problem[] = [];
  const config = check(ConfigSchema, given, misfits);
  problems.push(...misfits.filter(({ path }) => !noted.has(path)));
  if (config === undefined) return undefined;
  const broken = [...problems];
  const fits = (section: string) => !broken.some(({ path }) => isWithin(path, section));
  problems.push(...crossCheck(config as Config, fits));
  return config;
}

function proven(config: unknown): Config {
  if (!Value.Check(ConfigSchema, config)) throw new Error('the configuration was checked, and does not fit its schema');
  return config;
}

type Parsed = { value: unknown } | { problems: Problem[] };

/** One problem a line at most: what follows a mistake in YAML is often the same mistake again. */
function parse(document: Document.Parsed, references: References): Parsed {
  const problems = new Map<number | undefined, Problem>();
  const note = (message: string, line?: number) => {
    const [first = ''] = references.restore(message).split('\n', 1);
    if (!problems.has(line)) problems.set(line, { path: '', message: first.replace(/:$/, ''), ...placeOf(line) });
  };
  for (const { message, linePos } of document.errors) note(message, linePos?.[0].line);
  try {
    if (problems.size === 0) return { value: document.toJS() ?? {} };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    note(error.message);
  }
  return { problems: [...problems.values()] };
}
