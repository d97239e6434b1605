import { createHash } from 'node:crypto';
import type { AgentAnswer } from '../contract/agents.ts';

/** What only says how old the rest is, or how long it lasts, and is another number at every moment. */
const PASSING = new Set(['age_ms', 'confirmed_ms_ago', 'claimed_for_ms', 'digital_claimed_for_ms', 'remaining_ms']);

/**
 * Names what an answer says of an agent, but for ages: weak, as RFC 9110 calls it, since answers of one tag may differ in
 * these. Made of the answer alone, it is the same at every instance.
 */
export function etagOf(agent: AgentAnswer): string {
  const text = JSON.stringify(agent, (name, value) => (PASSING.has(name) ? undefined : value));
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** Whether the caller has what the tag names already, by its `if-none-match`. */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((each) => each.trim());
  return tags.includes('*') || tags.some((each) => opaque(each) === opaque(etag));
}

const opaque = (tag: string): string => tag.replace(/^W\//, '');
