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

/** Reads, completes and checks a configuration file. @throws ConfigError with everything that is wrong */
export async function loadConfig(file: string): Promise<Config> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error);
    throw new ConfigError(file, [{ path: '', message: `cannot be read: ${reason}` }]);
  }
  const text = textOf(bytes);
  if (text === undefined) throw new ConfigError(file, [{ path: '', message: NOT_UTF8 }]);
  return readConfig(text, file, process.env);
}

/**
 * Completes and checks the text of a configuration.
 * @param file whose text it is: files that it refers to are beside it
 * @throws ConfigError with everything that is wrong
 */
export function readConfig(text: string, file: string, env: NodeJS.ProcessEnv): Config {
  const problems: Problem[] = [];
  const given = substitute(parse(text, file), { env, folder: dirname(file) }, problems);
  const flaw = flawIn(given);
  if (flaw) throw new ConfigError(file, [...problems, { path: flaw.path.reduce(inside, ''), message: flaw.message }]);
  const config = check(ConfigSchema, given, problems);
  if (problems.length > 0) throw new ConfigError(file, problems);
  if (!Value.Check(ConfigSchema, config)) throw new Error('the configuration was checked, and does not fit its schema');
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

/** Where references in a configuration lead. */
interface References {
  env: NodeJS.ProcessEnv;
  /** Paths of files are relative to it. */
  folder: string;
}

const REFERENCE = /\$\{([^}]*)\}/g;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FILE = 'file:';

/**
 * Replaces `${NAME}` in every text by the environment's value, and `${file:PATH}` by what the file holds. Runs on the
 * parsed configuration, so a value cannot add keys.
 */
function substitute(value: unknown, around: References, problems: Problem[], path = ''): unknown {
  if (Array.isArray(value)) return value.map((item, at) => substitute(item, around, problems, inside(path, at)));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => [
      key,
      substitute(item, around, problems, inside(path, key)),
    ]);
    return Object.fromEntries(entries);
  }
  if (typeof value !== 'string') return value;
  return value.replace(REFERENCE, (reference, name: string) => {
    if (name.startsWith(FILE)) return contentOf(name.slice(FILE.length), around, problems, path) ?? reference;
    const found = VARIABLE.test(name) ? around.env[name] : undefined;
    if (found !== undefined) return found;
    problems.push({ path, message: `refers to the environment variable ${name || reference}, which is not set` });
    return reference;
  });
}

/** Without the end of its last line, which no secret has. */
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
