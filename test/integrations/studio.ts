import { blocksOf, type Described, type Places, send } from './page.ts';
import { runSnippet, substituted, type Variables } from './studio-snippet.ts';

/** The properties of a REST API action, by the platform's documentation: every one is set, and there is no other. */
const PROPERTIES = ['Verb', 'Service Address', 'Parameters', 'Headers', 'Command', 'TimeOutInMilliSeconds'] as const;
type Properties = Record<(typeof PROPERTIES)[number], string>;

/** Documented limits of a REST API action. */
const LARGEST_BYTES = 32 * 1024;
const LONGEST_MS = 90_000;
const RETRIES = 2;
const VERBS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'];
/** What an action sends unless its headers say otherwise. */
const DEFAULTS = { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' };

/** What is not documented: whether an action sends its parameters as they are, or as a form of their members. */
export type Sends = 'as they are' | 'as a form';

export type Answer = Record<string, unknown>;

/** A Studio whose scripts follow the page. */
export interface Studio extends Places {
  sends: Sends;
}

/**
 * Runs the page's snippets of these names, and then the action, as a script does: sends, and where that fails sends again,
 * twice.
 * @param lost how many answers are lost on the way, so that the request is sent once more
 * @throws Error where a property is not as Studio takes it, the action fails for good, or the answer is more than it takes
 */
export async function act(
  studio: Studio,
  action: string,
  variables: Variables,
  { snippets = [action], lost = 0 }: { snippets?: string[]; lost?: number } = {},
): Promise<Answer> {
  let known = variables;
  for (const name of snippets) known = await snippet(studio, name, known);
  const request = requestOf(readProperties(action), known, studio.sends);
  let failure = '';
  for (let sent = 0; sent <= RETRIES; sent++) {
    const response = await send(request, studio);
    const text = await response.text();
    if (response.ok && sent >= lost) return read(text);
    failure = `${response.status}: ${text}`;
  }
  throw new Error(failure);
}

/** Runs a snippet of the page. @returns the script's variables afterwards */
export function snippet(studio: Studio, name: string, variables: Variables): Promise<Variables> {
  const [code = ''] = blocksOf('nice-cxone', `text studio snippet ${name}`);
  return runSnippet(code, variables, async (request) => {
    const response = await send(request, studio);
    return { status: response.status, answer: read(await response.text()) };
  });
}

function read(text: string): Answer {
  if (Buffer.byteLength(text) > LARGEST_BYTES) throw new Error(`an answer of ${text.length} characters`);
  if (text.includes('\n')) throw new Error(`an answer of several lines: ${text}`);
  const answer = JSON.parse(text) as Answer;
  for (const [name, value] of Object.entries(answer)) {
    if (value === null || typeof value === 'object') throw new Error(`"${name}" is not flat`);
  }
  return answer;
}

/** The page's settings of an action: a property on each line, so that none can be on two. */
export function readProperties(action: string): Properties {
  const [block = ''] = blocksOf('nice-cxone', `text studio ${action}`);
  const lines = block.split('\n').map((line) => /^([\w ]+): (.+)$/.exec(line)?.slice(1) as [string, string]);
  const names = lines.map(([name]) => name);
  if (names.join() !== PROPERTIES.join()) throw new Error(`an action has ${PROPERTIES}, not ${names}`);
  return Object.fromEntries(lines) as Properties;
}

function requestOf(properties: Properties, variables: Variables, sends: Sends): Described {
  const { Verb, Command, TimeOutInMilliSeconds } = properties;
  if (!VERBS.includes(Verb)) throw new Error(`there is no verb ${Verb}`);
  if (Command !== 'MakeRestRequest') throw new Error(`there is no command ${Command}`);
  const timeoutMs = Number(TimeOutInMilliSeconds);
  if (!(timeoutMs > 0 && timeoutMs < LONGEST_MS)) throw new Error(`a timeout of ${TimeOutInMilliSeconds} ms`);
  const parameters = substituted(properties.Parameters, variables);
  const given = readJson('Headers', substituted(properties.Headers, variables));
  const members = readJson('Parameters', parameters);
  const headers = { ...DEFAULTS, ...given };
  if (sends === 'as a form' && headers['Content-Type'] !== DEFAULTS['Content-Type']) {
    throw new Error('a Studio that sends forms must not be told to send something else');
  }
  return {
    method: Verb,
    url: substituted(properties['Service Address'], variables),
    headers,
    body: sends === 'as they are' ? parameters : String(new URLSearchParams(members)),
  };
}

/** Studio takes JSON on one line only. @throws Error */
function readJson(property: string, text: string): Record<string, string> {
  if (/[\r\n]/.test(text)) throw new Error(`${property} are on several lines: ${text}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${property} are no JSON: ${text}`, { cause: error });
  }
}
