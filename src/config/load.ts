import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Value } from 'typebox/value';
import { parseDocument } from 'yaml';
import { flawIn } from '../agent/text.ts';
import { NOT_UTF8, textOf } from '../ops/utf8.ts';
import { check } from './check.ts';
import { crossCheck } from './crosscheck.ts';
import { ConfigError, inside, type Problem } from './problems.ts';
import { type Config, ConfigSchema } from './schema.ts';

/** Reads and checks a configuration file, and fills in defaults. @throws ConfigError with all problems */
export async function loadConfig(file: string): Promise<Config> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'the file does not exist' : String(error);
    throw new ConfigError(file, [{ path: '', message: `cannot be read: ${reason}` }]);
  }
  const text = textOf(bytes);
  if (text === undefined) throw new ConfigError(file, [{ path: '', message: NOT_UTF8 }]);
  return readConfig(text, file, process.env);
}

/**
 * Checks the text of a configuration and fills in defaults.
 * @param file path of the text: references to files are relative to its folder
 * @throws ConfigError with all problems
 */
export function readConfig(text: string, file: string, env: NodeJS.ProcessEnv): Config {
  const problems: Problem[] = [];
  const given = substitute(parse(text, file), { env, folder: dirname(file) }, problems);
  const flaw = flawIn(given);
  if (flaw) throw new ConfigError(file, [...problems, { path: flaw.path.reduce(inside, ''), message: flaw.message }]);
  const config = check(ConfigSchema, given, problems);
  if (problems.length > 0) throw new ConfigError(file, problems);
  if (!Value.Check(ConfigSchema, config)) throw new Error('the checked configuration does not fit its schema');
  const disagreements = crossCheck(config);
  if (disagreements.length > 0) throw new ConfigError(file, disagreements);
  return config;
}

function parse(text: string, file: string): unknown {
  const document = parseDocument(text);
  try {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() ?? {};
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [message = ''] = error.message.split('\n', 1);
    throw new ConfigError(file, [{ path: '', message }]);
  }
}

/** Sources of references in a configuration. */
interface References {
  env: NodeJS.ProcessEnv;
  /** Paths of files are relative to it. */
  folder: string;
}

const REFERENCE = /\$\{([^}]*)\}/g;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FILE = 'file:';

/**
 * Replaces `${NAME}` in every text by the environment variable, and `${file:PATH}` by the content of the file. Runs on the parsed
 * configuration, so a value cannot add keys.
 */
function substitute(value: unknown, references: References, problems: Problem[], path = ''): unknown {
  if (Array.isArray(value)) return value.map((item, at) => substitute(item, references, problems, inside(path, at)));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => [
      key,
      substitute(item, references, problems, inside(path, key)),
    ]);
    return Object.fromEntries(entries);
  }
  if (typeof value !== 'string') return value;
  return value.replace(REFERENCE, (reference, name: string) => {
    if (name.startsWith(FILE)) return contentOf(name.slice(FILE.length), references, problems, path) ?? reference;
    const found = VARIABLE.test(name) ? references.env[name] : undefined;
    if (found !== undefined) return found;
    problems.push({ path, message: `refers to the environment variable ${name || reference}, which is not set` });
    return reference;
  });
}

/** Content of a file without trailing whitespace, which no secret has. */
function contentOf(name: string, { folder }: References, problems: Problem[], path: string): string | undefined {
  try {
    const text = textOf(readFileSync(resolve(folder, name)));
    if (text !== undefined) return text.trimEnd();
    problems.push({ path, message: `refers to the file ${name}, which ${NOT_UTF8}` });
    return undefined;
  } catch (error) {
    const { code = error } = error as NodeJS.ErrnoException;
    problems.push({ path, message: `refers to the file ${name}, which cannot be read: ${code}` });
    return undefined;
  }
}
