import { blocksOf, type Described, send } from './page.ts';

/** Documented limits of a REST API action. */
const LARGEST_BYTES = 32 * 1024;
const LONGEST_MS = 90_000;
const RETRIES = 2;
/** What an action sends unless its headers say otherwise. */
const DEFAULTS = { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' };

export type Variables = Record<string, string>;
type Answer = Record<string, unknown>;

/**
 * Does what a REST API action with the page's settings does: sends, and where that fails sends again, twice.
 * @param lost how many answers are lost on the way, so that the request is sent once more
 * @throws Error where it fails for good, or the answer is more than Studio takes
 */
export async function act(name: string, variables: Variables, url: string, lost = 0): Promise<Answer> {
  const request = readSettings(blocksOf('nice-cxone', `text studio ${name}`, variables)[0] as string);
  let failure = '';
  for (let sent = 0; sent <= RETRIES; sent++) {
    const response = await send(request, url);
    const text = await response.text();
    if (response.ok && sent >= lost) return read(text);
    failure = `${response.status}: ${text}`;
  }
  throw new Error(failure);
}

/** Runs the page's snippet: once, whatever comes back. */
export async function runSnippet(variables: Variables, url: string): Promise<{ answer: Answer; status: number }> {
  const response = await send(readSnippet(blocksOf('nice-cxone', 'text studio snippet', variables)[0] as string), url);
  return { answer: read(await response.text()), status: response.status };
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

function readSettings(block: string): Described {
  const lines = block.split('\n').map((line) => /^(\w+): (.+)$/.exec(line)?.slice(1) as [string, string]);
  const one = (name: string) => lines.find(([key]) => key === name)?.[1];
  const unknown = lines.find(([key]) => !['Verb', 'URL', 'Headers', 'Body', 'TimeOutInMilliSeconds'].includes(key));
  if (unknown) throw new Error(`"${unknown[0]}" is no setting that is known here`);
  const timeoutMs = Number(one('TimeOutInMilliSeconds'));
  if (!(timeoutMs > 0 && timeoutMs < LONGEST_MS)) throw new Error(`a timeout of ${timeoutMs} ms`);
  const headers = lines.filter(([key]) => key === 'Headers').map(([, value]) => value.split(': ') as [string, string]);
  const body = one('Body');
  return {
    method: one('Verb') ?? '',
    url: one('URL') ?? '',
    headers: { ...DEFAULTS, ...Object.fromEntries(headers) },
    ...(body !== undefined && { body }),
  };
}

const TEXT = '"([^"]*)"';
const HEADER = new RegExp(`^proxy\\.AddHeader\\(${TEXT}, ${TEXT}\\)$`);
const REQUEST = new RegExp(`^ASSIGN answer = proxy\\.MakeRestRequest\\(${TEXT}, ${TEXT}, 0, ${TEXT}\\)$`);

/** Understands the statements that the page uses, in their order, and no others. */
function readSnippet(block: string): Described {
  const [first, ...lines] = block.split('\n');
  const last = lines.pop();
  if (first !== 'ASSIGN proxy = GetRESTProxy()' || last !== 'ASSIGN status = proxy.StatusCode') {
    throw new Error('a snippet makes the proxy first and asks for the status last');
  }
  const [, url = '', body, method = ''] = REQUEST.exec(lines.pop() ?? '') ?? [];
  const headers = lines.map((line) => {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined) throw new Error(`not understood: ${line}`);
    return [name, value as string];
  });
  return { method, url, headers: Object.fromEntries(headers), ...(body && { body }) };
}
