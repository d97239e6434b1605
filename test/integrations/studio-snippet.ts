import type { Described } from './page.ts';

/** Of a script: all of them are text. */
export type Variables = Record<string, string>;

/** `{name}`, as scripts write variables; JSON's own braces are followed by a quote. @throws Error where it is unknown */
export function substituted(text: string, variables: Variables): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`the page names a variable "${name}" that its script does not have`);
    return value;
  });
}

type Ask = (request: Described) => Promise<{ status: number; answer: Record<string, unknown> }>;

/** A proxy that makes requests, an object of data, or what was answered. */
interface Thing {
  members: Record<string, string>;
  headers: Record<string, string>;
  status?: number;
}

class Run {
  readonly #things: Record<string, Thing> = {};
  readonly variables: Variables;
  readonly ask: Ask;

  constructor(variables: Variables, ask: Ask) {
    this.variables = { ...variables };
    this.ask = ask;
  }

  make(name: string): void {
    this.#things[name] = { members: {}, headers: {} };
  }

  thing(name: string): Thing {
    const thing = this.#things[name];
    if (!thing) throw new Error(`"${name}" is used before it is made`);
    return thing;
  }

  text(written: string): string {
    return substituted(written, this.variables);
  }
}

const TEXT = '"([^"]*)"';

/** The statements that the page uses, and no others. */
const STATEMENTS: [RegExp, (run: Run, ...parts: string[]) => void | Promise<void>][] = [
  [/^DYNAMIC (\w+)$/, (run, name = '') => run.make(name)],
  [/^ASSIGN (\w+) = GetRESTProxy\(\)$/, (run, name = '') => run.make(name)],
  [
    new RegExp(`^(\\w+)\\.AddHeader\\(${TEXT}, ${TEXT}\\)$`),
    (run, proxy = '', name = '', value = '') => {
      run.thing(proxy).headers[name] = run.text(value);
    },
  ],
  [
    new RegExp(`^ASSIGN (\\w+) = (\\w+)\\.MakeRestRequest\\(${TEXT}, ${TEXT}, 0, ${TEXT}\\)$`),
    async (run, result = '', proxy = '', url = '', body = '', method = '') => {
      const { headers, members } = run.thing(proxy);
      const type: Record<string, string> = members.ContentType ? { 'content-type': members.ContentType } : {};
      const request = { method, url: run.text(url), headers: { ...headers, ...type } };
      const { status, answer } = await run.ask({ ...request, ...(body !== '' && { body: run.text(body) }) });
      run.thing(proxy).status = status;
      run.make(result);
      Object.assign(run.thing(result).members, answer);
    },
  ],
  [
    /^ASSIGN (\w+) = (\w+)\.StatusCode$/,
    (run, name = '', proxy = '') => {
      run.variables[name] = String(run.thing(proxy).status);
    },
  ],
  [
    /^ASSIGN (\w+) = "\{(\w+)\.asjson\(\)\}"$/,
    (run, name = '', data = '') => {
      run.variables[name] = JSON.stringify(run.thing(data).members);
    },
  ],
  [
    /^ASSIGN (\w+) = (\w+)\.(\w+)$/,
    (run, name = '', data = '', member = '') => {
      run.variables[name] = String(run.thing(data).members[member] ?? '');
    },
  ],
  [
    // What is after `$"` is text with escapes: a brace of its own is written `\{`.
    /^ASSIGN (\w+) = \$"((?:\\.|[^"\\])*)"$/,
    (run, name = '', written = '') => {
      const kept = written.replace(/(?<!\\)\{(\w+)\}/g, (all) => run.text(all));
      run.variables[name] = kept.replace(/\\(.)/g, '$1');
    },
  ],
  [
    new RegExp(`^(\\w+)\\.(\\w+) = ${TEXT}$`),
    (run, data = '', member = '', value = '') => {
      run.thing(data).members[member] = run.text(value);
    },
  ],
];

/** @returns the variables afterwards @throws Error where a statement is none of those that are understood here */
export async function runSnippet(code: string, variables: Variables, ask: Ask): Promise<Variables> {
  const run = new Run(variables, ask);
  for (const line of code.split('\n')) {
    const [pattern, carryOut] = STATEMENTS.find(([each]) => each.test(line)) ?? [];
    if (!pattern || !carryOut) throw new Error(`not understood: ${line}`);
    await carryOut(run, ...(pattern.exec(line)?.slice(1) ?? []));
  }
  return run.variables;
}
