import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { luaLayout } from '../record/layout.ts';

/** A Lua script with its includes, and its SHA1 for EVALSHA. */
export interface Script {
  name: string;
  sha: string;
  lua: string;
}

const here = new URL('../scripts/', import.meta.url);

/** Reads `name.lua` and its includes from a folder, by default src/store/scripts. `layout` is generated. */
export function load(name: string, folder: URL = here): Script {
  const read = (file: string): string => readFileSync(new URL(`${file}.lua`, folder), 'utf8');
  const whole = (file: string): string =>
    read(file).replace(/^--include (\w+)$/gm, (_, part: string) => (part === 'layout' ? luaLayout() : whole(part)));
  const lua = whole(name);
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** The scripts of the store; each file's header is its contract. */
export const scripts = {
  affirm: load('affirm'),
  align: load('align'),
  alignSkill: load('align-skill'),
  beat: load('beat'),
  budget: load('budget'),
  claim: load('claim'),
  commit: load('commit'),
  find: load('find'),
  forget: load('forget'),
  lapsed: load('lapsed'),
  read: load('read'),
  sweep: load('sweep'),
  lease: load('lease'),
  leave: load('leave'),
  settle: load('settle'),
  throttle: load('throttle'),
  unpublished: load('unpublished'),
};
