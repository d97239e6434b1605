import { type Facets, type Interaction, interactionsOf, type Profile, type Stamped } from './facets.ts';
import type { WrongField } from './fields.ts';
import { type Limit, RECORD_LIMITS, TEXT_LIMITS } from './limits.ts';
import { bytesOf, cut } from './text.ts';

/** What a JSON schema cannot bound: how large parts of an agent's record are as a whole. */

/** What is too large of what is reported of an agent, field by field; so no record can outgrow what a record may be. */
export function oversized(facets: Facets): WrongField[] {
  const { profile } = facets;
  const wrong: WrongField[] = [];
  if (profile && bytesOf(JSON.stringify(profile)) > RECORD_LIMITS.profile.most)
    wrong.push(tooLarge('/profile', RECORD_LIMITS.profile));
  for (const [at, one] of interactionsOf(facets).entries()) {
    if (isTooLarge(one)) wrong.push(tooLarge(`/interactions/${at}`, RECORD_LIMITS.interaction));
  }
  return wrong;
}

const tooLarge = (field: string, { most, unit }: Limit): WrongField => ({
  field,
  message: `must be of ${most} ${unit} at most`,
});

const isTooLarge = (one: Stamped<Interaction>): boolean =>
  bytesOf(JSON.stringify({ [one.callId]: one })) > RECORD_LIMITS.interaction.most;

/** How much of a profile did not fit: queues and skills that were left out, texts that were shortened. */
export interface Cut {
  queues: number;
  skills: number;
  texts: number;
}

/**
 * A profile as a platform has it, cut to what a record may hold: what comes last of queues and skills is left out, and
 * texts are shortened by the character. Of two skills that one name is left of, the higher level counts.
 */
export function fitProfile(given: Profile): { profile: Profile; cut: Cut } {
  const queues = given.queues.filter((id) => cut(id, TEXT_LIMITS.name.most) === id).slice(0, RECORD_LIMITS.queues.most);
  const levels = new Map<string, number>();
  let texts = 0;
  for (const [name, level] of Object.entries(given.skills)) {
    const key = cut(name, TEXT_LIMITS.skillName.most);
    if (key !== name) texts += 1;
    if (levels.has(key) || levels.size < RECORD_LIMITS.skills.most)
      levels.set(key, Math.max(level, levels.get(key) ?? 0));
  }
  const name = cut(given.name, TEXT_LIMITS.name.most);
  if (name !== given.name) texts += 1;
  const profile = withinBytes({ ...given, name, queues, skills: Object.fromEntries(levels) });
  const left = {
    queues: given.queues.length - profile.queues.length,
    skills: Object.keys(given.skills).length - Object.keys(profile.skills).length,
  };
  return { profile, cut: { ...left, texts } };
}

/** Room for what a profile is stamped with: when it was read, and the id of that. */
const STAMP_BYTES = 1024;

const shorter = (length: number): number => Math.floor(length * 0.95);

/** Leaves out of the longer list, a few at a time, until the whole of it fits. */
function withinBytes(profile: Profile): Profile {
  let fitting = profile;
  while (bytesOf(JSON.stringify(fitting)) > RECORD_LIMITS.profile.most - STAMP_BYTES) {
    const { queues, skills } = fitting;
    const names = Object.entries(skills);
    fitting =
      names.length > queues.length
        ? { ...fitting, skills: Object.fromEntries(names.slice(0, shorter(names.length))) }
        : { ...fitting, queues: queues.slice(0, shorter(queues.length)) };
  }
  return fitting;
}
