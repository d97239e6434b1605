import { readFileSync } from 'node:fs';
import Schema from 'typebox/schema';

/** A data action as the platform exports and imports it. */
export interface DataAction {
  name: string;
  integrationType: string;
  actionType: string;
  secure: boolean;
  config: {
    request: {
      requestUrlTemplate: string;
      requestType: string;
      headers: Record<string, string>;
      requestTemplate: string;
    };
    response: {
      translationMap: Record<string, string>;
      translationMapDefaults: Record<string, string>;
      successTemplate: string;
    };
  };
  contract: { input: { inputSchema: Contract }; output: { successSchema: Contract } };
}

interface Contract {
  type: 'object';
  required: string[];
  properties: Record<string, { type: string; description: string }>;
}

export function readAction(name: string): DataAction {
  const file = new URL(`../../integrations/genesys-cloud/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as DataAction;
}

/** The one host that the files name; whoever imports them puts their own in its place. */
const EXAMPLE = 'https://muster.example.com/';

/**
 * Runs an action as the platform would: input contract, request template, HTTP, translation map, success template,
 * output contract. A template that says more than is understood here is an error.
 * @throws Error where a contract is broken or the answer is no 2xx
 */
export async function runAction(
  { config, contract }: DataAction,
  input: Record<string, unknown>,
  url: string,
): Promise<Record<string, unknown>> {
  demand('input', contract.input.inputSchema, input);
  const values = { input, credentials: { apiKey: 'secret' } };
  const { requestUrlTemplate, requestType, headers, requestTemplate } = config.request;
  const target = fill(requestUrlTemplate, values);
  if (!target.startsWith(EXAMPLE)) throw new Error(`${target} is not at ${EXAMPLE}`);
  const response = await fetch(target.replace(EXAMPLE, `${url}/`), {
    method: requestType,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value, values)])),
    ...(requestType !== 'GET' && { body: fill(requestTemplate, values) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  const output = JSON.parse(fill(config.response.successTemplate, translate(config.response, text)));
  demand('output', contract.output.successSchema, output);
  return output;
}

/** Every value as JSON, as the success template gets it: text comes with its quotes. */
function translate({ translationMap, translationMapDefaults }: DataAction['config']['response'], text: string) {
  const answer = JSON.parse(text) as Record<string, unknown>;
  const entries = Object.entries(translationMap).map(([name, path]) => {
    const field = /^\$\.(\w+)$/.exec(path)?.[1];
    if (field === undefined) throw new Error(`"${path}" is not understood`);
    return [name, field in answer ? JSON.stringify(answer[field]) : translationMapDefaults[name]];
  });
  return Object.fromEntries(entries) as Record<string, string | undefined>;
}

/** `${a}`, `${a.b}` and `${esc.jsonString(a.b)}`; what has no value stays as it is written. */
function fill(template: string, values: object): string {
  const filled = template.replace(/\$\{(?:esc\.jsonString\(([\w.]+)\)|([\w.]+))\}/g, (whole, escaped, plain) => {
    const value = (escaped ?? plain)
      .split('.')
      .reduce((at: unknown, name: string) => (at as Record<string, unknown> | undefined)?.[name], values);
    if (value === undefined) return whole;
    return escaped ? JSON.stringify(String(value)).slice(1, -1) : String(value);
  });
  const left = /\$!?\{|#(if|set|foreach)\b/.exec(filled)?.[0];
  if (left) throw new Error(`"${left}" is left of ${template}`);
  return filled;
}

function demand(what: string, contract: Contract, value: unknown): void {
  const checked = Schema.Compile(contract);
  if (checked.Check(value)) return;
  throw new Error(`the ${what} breaks its contract: ${JSON.stringify(checked.Errors(value))}`);
}
