import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A Lua script with its shared parts put in, known to Redis by its SHA1. */
export interface Script {
  name: string;
  sha: string;
  lua: string;
}

const here = new URL('../scripts/', import.meta.url);

/** Reads `name.lua` and what it includes from a folder, by default that of the regional store. */
export function load(name: string, folder: URL = here): Script {
  const read = (file: string): string => readFileSync(new URL(`${file}.lua`, folder), 'utf8');
  const whole = (file: string): string => read(file).replace(/^--include (\w+)$/gm, (_, part: string) => whole(part));
  const lua = whole(name);
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** The scripts of the regional store; each file's header is its contract. */
export const scripts = {
  affirm: load('affirm'),
  align: load('align'),
  beat: load('beat'),
  budget: load('budget'),
  claim: load('claim'),
  commit: load('commit'),
  find: load('find'),
  forget: load('forget'),
  lapsed: load('lapsed'),
  lease: load('lease'),
  leave: load('leave'),
  settle: load('settle'),
  throttle: load('throttle'),
};
