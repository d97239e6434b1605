import { readFileSync } from 'node:fs';
import Schema from 'typebox/schema';
import { AUTH_ACTION, EXAMPLE_URL } from '../../integrations/genesys-cloud/source/actions.ts';
import type { Contract, DataAction } from '../../integrations/genesys-cloud/source/export.ts';
import type { Habit, Velocity } from '../fixtures/velocity.ts';

export function readAction(name: string): DataAction {
  const file = new URL(`../../integrations/genesys-cloud/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as DataAction;
}

/** What the issuer answered, as templates see it: `access_token` and `token_type`. */
export type AuthResponse = Record<string, string>;

/** Where an action runs. */
export interface Organization {
  velocity: Velocity;
  /** Of the Muster that it calls. */
  url: string;
  authResponse: AuthResponse;
}

/** `{name}` as `input.{name}`; what is undefined is not there. */
export const inputsOf = (input: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(input).flatMap(([name, value]) => (value === undefined ? [] : [[`input.${name}`, value]])),
  );

/**
 * Runs an action as the platform would: input contract, request template, HTTP, translation map, success template,
 * output contract.
 * @throws Error where a contract is broken, a template cannot be rendered, or the answer is no 2xx
 */
export async function runAction(
  { config, contract }: DataAction,
  input: Record<string, string | undefined>,
  { velocity, url, authResponse }: Organization,
  habits: Habit[] = [],
): Promise<Record<string, unknown>> {
  demand('input', contract.input.inputSchema, input);
  const values = { ...inputsOf(input), ...under('authResponse', authResponse) };
  const { requestUrlTemplate, requestType, headers, requestTemplate } = config.request;
  const target = await velocity.render(requestUrlTemplate, values, habits);
  if (!target.startsWith(`${EXAMPLE_URL}/`)) throw new Error(`${target} is not at ${EXAMPLE_URL}`);
  const response = await fetch(target.replace(EXAMPLE_URL, url), {
    method: requestType,
    headers: await rendered(velocity, headers, values),
    body: await velocity.render(requestTemplate, values, habits),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  const { successTemplate } = config.response;
  const output = JSON.parse(await velocity.render(successTemplate, translate(config.response, text), habits));
  demand('output', contract.output.successSchema, output);
  return output;
}

/** Runs the custom auth action: what the platform does by itself before it runs an action. @throws as `runAction` */
export async function authenticate(
  velocity: Velocity,
  credentials: { loginUrl: string; clientId: string; clientSecret: string },
): Promise<AuthResponse> {
  const { requestUrlTemplate, requestType, headers, requestTemplate, successTemplate } = AUTH_ACTION;
  const values = under('credentials', credentials);
  const response = await fetch(await velocity.render(requestUrlTemplate, values), {
    method: requestType,
    headers: await rendered(velocity, headers, values),
    body: await velocity.render(requestTemplate, values),
  });
  const rawResult = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${rawResult}`);
  return JSON.parse(await velocity.render(successTemplate, { rawResult }));
}

const under = (name: string, values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`${name}.${key}`, String(value)]));

async function rendered(velocity: Velocity, headers: Record<string, string>, values: Record<string, string>) {
  const entries = Object.entries(headers).map(async ([name, value]) => [name, await velocity.render(value, values)]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
}

/** Every value as JSON, as the success template gets it: text comes with its quotes. A null has no default. */
function translate({ translationMap, translationMapDefaults }: DataAction['config']['response'], text: string) {
  const answer = JSON.parse(text) as Record<string, unknown>;
  const entries = Object.entries(translationMap).flatMap(([name, path]) => {
    const field = /^\$\.(\w+)$/.exec(path)?.[1];
    if (field === undefined) throw new Error(`"${path}" is not understood`);
    const value = field in answer ? JSON.stringify(answer[field]) : translationMapDefaults[name];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

function demand(what: string, contract: Contract, value: unknown): void {
  const checked = Schema.Compile(contract);
  if (checked.Check(value)) return;
  throw new Error(`the ${what} breaks its contract: ${JSON.stringify(checked.Errors(value))}`);
}
