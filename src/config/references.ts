import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { NOT_UTF8, textOf } from '../ops/utf8.ts';
import { inside, type Problem } from './problems.ts';

/** Where references in a configuration lead. */
interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** Paths of files are relative to it. */
  folder: string;
}

/** `$${…}`, which stands for the text `${…}`, or a reference: `${NAME}`, `${NAME:-default}`, `${file:PATH}`. */
const REFERENCE = /\$\$\{[^}\n]*\}?|\$\{([^}\n]*)\}/g;
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/;
const FILE = 'file:';
const FORMS = `\${NAME}, \${NAME:-default} or \${file:PATH}; write $\${ for a plain \${`;

/** Characters of Unicode's private use area: YAML takes them for letters, in quotes and outside, and no text has them. */
const MARK = '\uE000';
const FILL = '\uE001';

/**
 * The references in the text of a configuration. Each is replaced by a mark before YAML is parsed, and by its value afterwards:
 * so a reference may stand wherever a value may (in a flow map its braces would else be read as YAML), and no value, whatever
 * it holds, becomes a part of the structure.
 */
export class References {
  /** The text with marks, each as long as its reference: lines and columns are those of the file. */
  readonly markedText: string;
  readonly #found: string[] = [];
  readonly #marks: RegExp;

  constructor(text: string) {
    let mark = MARK;
    while (text.includes(mark)) mark += MARK;
    this.markedText = text.replace(REFERENCE, (reference) => {
      const at = this.#found.push(reference) - 1;
      return `${mark}${at}`.padEnd(Math.max(reference.length, mark.length + `${at}`.length + 1), FILL);
    });
    this.#marks = new RegExp(`${mark}(\\d+)${FILL}+`, 'g');
  }

  /** A text in which marks are the references again, as the file has them. */
  restore(text: string): string {
    return text.replace(this.#marks, (_, at) => this.#found[Number(at)] ?? '');
  }

  /** The parsed configuration with values for marks, in keys too. One that has none stays as the file has it, and is noted. */
  resolve(value: unknown, around: Surroundings, problems: Problem[], path = ''): unknown {
    if (typeof value === 'string') return this.#resolveText(value, around, problems, path);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, at) => this.resolve(item, around, problems, inside(path, at)));
    const resolved: Record<string, unknown> = Object.create(null);
    for (const [key, item] of Object.entries(value)) {
      const name = this.#resolveText(key, around, problems, inside(path, this.restore(key)));
      if (Object.hasOwn(resolved, name)) problems.push({ path: inside(path, name), message: 'is there twice' });
      resolved[name] = this.resolve(item, around, problems, inside(path, name));
    }
    return resolved;
  }

  #resolveText(text: string, around: Surroundings, problems: Problem[], path: string): string {
    return text.replace(this.#marks, (_, at) => {
      const reference = this.#found[Number(at)] ?? '';
      if (reference.startsWith('$$')) return reference.slice(1);
      const found = follow(reference.slice(2, -1), around);
      if (typeof found === 'string') return found;
      problems.push({ path, ...found });
      return reference;
    });
  }
}

type Missing = Pick<Problem, 'message' | 'unset'>;

function follow(name: string, { env, folder }: Surroundings): string | Missing {
  if (name.startsWith(FILE)) return contentOf(name.slice(FILE.length), folder);
  const [, variable, otherwise] = VARIABLE.exec(name) ?? [];
  if (variable === undefined) return { message: `holds \${${name}}, which is no reference: expected ${FORMS}` };
  const value = env[variable];
  if (otherwise !== undefined) return value || otherwise;
  return (
    value ?? { message: `refers to the environment variable ${variable}, which is not set`, unset: `\${${variable}}` }
  );
}

/** Without the end of its last line, which no secret has. */
function contentOf(name: string, folder: string): string | Missing {
  try {
    const text = textOf(readFileSync(resolve(folder, name)));
    return text?.trimEnd() ?? { message: `refers to the file ${name}, which ${NOT_UTF8}` };
  } catch (error) {
    const { code = error } = error as NodeJS.ErrnoException;
    return { message: `refers to the file ${name}, which cannot be read: ${code}`, unset: `\${file:${name}}` };
  }
}
