import { readFileSync } from 'node:fs';

/** An HTTP request as a page describes it. */
export interface Described {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** The code blocks of a page whose fence says `name`, with what is written in braces filled in. */
export function blocksOf(page: string, name: string, variables: Record<string, string> = {}): string[] {
  const text = readFileSync(new URL(`../../integrations/${page}/README.md`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].filter(([, info]) => info === name);
  if (blocks.length === 0) throw new Error(`${page} has no block "${name}"`);
  return blocks.map(([, , block = '']) => fill(block.trim(), variables));
}

/** `{name}`, as scripts write variables; JSON's own braces are followed by a quote. */
function fill(text: string, variables: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`the page names a variable "${name}" that the test does not know`);
    return value;
  });
}

/** A `curl` command as pages write it: the URL first, then headers and the body in single quotes. */
export function readCurl(command: string): Described {
  const [, url, rest = ''] = /^curl -s (\S+)((?: -[Hd] '[^']*')*)$/.exec(command) ?? [];
  if (!url) throw new Error(`not a command as pages write it: ${command}`);
  const options = [...rest.matchAll(/-([Hd]) '([^']*)'/g)].map(([, name, value = '']) => [name, value] as const);
  const body = options.find(([name]) => name === 'd')?.[1];
  const headers = options.filter(([name]) => name === 'H').map(([, value]) => value.split(': ') as [string, string]);
  return {
    method: body === undefined ? 'GET' : 'POST',
    url,
    headers: Object.fromEntries(headers),
    ...(body && { body }),
  };
}

/** Sends it to `url` in the place of the example's host. */
export async function send({ method, url: target, headers, body }: Described, url: string): Promise<Response> {
  const at = target.replace(/^https:\/\/muster\.example\.com(?=\/)/, url);
  if (at === target) throw new Error(`${target} is not at the example's host`);
  return fetch(at, { method, headers, ...(body !== undefined && { body }) });
}
