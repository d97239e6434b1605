import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A Lua script with its shared parts put in, known to Redis by its SHA1. */
export interface Script {
  name: string;
  sha: string;
  lua: string;
}

const folder = new URL('./scripts/', import.meta.url);

function load(name: string): Script {
  const lua = read(name).replace(/^--include (\w+)$/gm, (_, part: string) => read(part));
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}

const read = (name: string): string => readFileSync(new URL(`${name}.lua`, folder), 'utf8');

/** The scripts of the regional store; each file's header is its contract. */
export const scripts = {
  claim: load('claim'),
  commit: load('commit'),
  find: load('find'),
  settle: load('settle'),
};
