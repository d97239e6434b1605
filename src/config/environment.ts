import { inside, type Problem } from './problems.ts';

const REFERENCE = /\$\{([^}]*)\}/g;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Replaces `${NAME}` in every text by the environment's value. Runs on the parsed file, so a value cannot add keys. */
export function substitute(value: unknown, env: NodeJS.ProcessEnv, problems: Problem[], path = ''): unknown {
  if (Array.isArray(value)) return value.map((item, at) => substitute(item, env, problems, inside(path, at)));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => [
      key,
      substitute(item, env, problems, inside(path, key)),
    ]);
    return Object.fromEntries(entries);
  }
  if (typeof value !== 'string') return value;
  return value.replace(REFERENCE, (reference, name: string) => {
    const found = VARIABLE.test(name) ? env[name] : undefined;
    if (found !== undefined) return found;
    problems.push({ path, message: `refers to the environment variable ${name || reference}, which is not set` });
    return reference;
  });
}
