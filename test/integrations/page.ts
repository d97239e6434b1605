import { readFileSync } from 'node:fs';

/** An HTTP request as a page describes it. */
export interface Described {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** The code blocks of a page whose fence says `name`, as they are written. */
export function blocksOf(page: string, name: string): string[] {
  const text = readFileSync(new URL(`../../integrations/${page}/README.md`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].filter(([, info]) => info === name);
  if (blocks.length === 0) throw new Error(`${page} has no block "${name}"`);
  return blocks.map(([, , block = '']) => block.trim());
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

/** Where the hosts of pages are in a test. */
export interface Places {
  /** In the place of `https://muster.example.com`. */
  url: string;
  /** In the place of `https://login.example.com/token`. */
  loginUrl?: string;
}

/** Sends it to the place of the host that the page names. */
export async function send({ method, url: target, headers, body }: Described, places: Places): Promise<Response> {
  const at = target
    .replace(/^https:\/\/muster\.example\.com(?=\/)/, places.url)
    .replace(/^https:\/\/login\.example\.com\/token$/, places.loginUrl ?? target);
  if (at === target) throw new Error(`${target} is not at a host of the page`);
  return fetch(at, { method, headers, ...(body !== undefined && { body }) });
}
