import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { FORMATS, type Format, luaLayout, OLDEST } from '../record/layout.ts';

/** A Lua script with its includes, and its SHA1 for EVALSHA. */
export interface Script {
  name: string;
  sha: string;
  lua: string;
}

/** A script that works on the data of a domain: its text depends on the format of the domain's store. */
export interface DomainScript {
  name: string;
  /** By the number of the format. */
  byFormat: ReadonlyMap<string, Script>;
}

const here = new URL('../scripts/', import.meta.url);

/**
 * Reads `name.lua` and its includes from a folder, by default src/store/scripts. `layout` is generated. What differs in a
 * format stands in a file of its own, such as `claim.4.lua`.
 */
export function load(name: string, folder: URL = here, format: Format = OLDEST): Script {
  const fileOf = (part: string): URL => {
    const ofFormat = new URL(`${part}.${format.number}.lua`, folder);
    return existsSync(ofFormat) ? ofFormat : new URL(`${part}.lua`, folder);
  };
  const whole = (part: string): string =>
    readFileSync(fileOf(part), 'utf8').replace(/^--include (\w+)$/gm, (_, included: string) =>
      included === 'layout' ? luaLayout(format) : whole(included),
    );
  const lua = whole(name);
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}

function forDomains(name: string): DomainScript {
  return { name, byFormat: new Map(FORMATS.map((format) => [format.number, load(name, here, format)])) };
}

/** The scripts of the store; each file's header is its contract. */
export const scripts = {
  affirm: forDomains('affirm'),
  align: forDomains('align'),
  alignSkill: forDomains('align-skill'),
  beat: load('beat'),
  budget: load('budget'),
  claim: forDomains('claim'),
  commit: forDomains('commit'),
  convert: forDomains('convert'),
  converted: forDomains('converted'),
  find: forDomains('find'),
  flip: forDomains('flip'),
  forget: forDomains('forget'),
  lapsed: forDomains('lapsed'),
  read: forDomains('read'),
  sweep: forDomains('sweep'),
  lease: load('lease'),
  leave: load('leave'),
  settle: forDomains('settle'),
  throttle: load('throttle'),
  unpublished: forDomains('unpublished'),
  waiting: forDomains('waiting'),
};
