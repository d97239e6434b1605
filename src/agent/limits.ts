/**
 * A limit of input. Schemas, readers and platform adapters use the limits of this file, and docs/limits.md is rendered from
 * them.
 */
export interface Limit {
  most: number;
  /** The unit of `most`. Characters are Unicode code points; bytes are those of UTF-8. */
  unit: 'characters' | 'entries' | 'bytes' | 'levels' | 'fields';
  /** The limited value, for people. */
  of: string;
}

const limit = (most: number, unit: Limit['unit'], of: string): Limit => ({ most, unit, of });

/** Limits of all texts. */
export const TEXT_LIMITS = {
  name: limit(200, 'characters', 'an id or a name: of an agent, a queue, a call, an event, a region, a person'),
  skillName: limit(100, 'characters', 'the name of a skill or a language'),
  reason: limit(60, 'characters', 'the reason of a presence or an activity'),
  skillsAsText: limit(2000, 'characters', 'skills as one text, e.g. `billing,spanish:60`'),
};

/** Limits of the reported parts of an agent's record. */
export const RECORD_LIMITS = {
  queues: limit(200, 'entries', 'the queues that an agent has joined'),
  skills: limit(200, 'entries', 'the skills of an agent'),
  profile: limit(32 * 1024, 'bytes', 'an agent’s profile as JSON'),
  interactions: limit(32, 'entries', 'the interactions of an agent in one event'),
  interaction: limit(800, 'bytes', 'an interaction as JSON, with the ids of its call and its event'),
  remembered: limit(20 * 1024, 'bytes', 'the interactions in an agent’s record, as JSON'),
  numbered: limit(10, 'entries', 'the events of an agent in one whole second that are numbered'),
  record: limit(
    64 * 1024,
    'bytes',
    'all reported parts of an agent’s record, as JSON; follows from the limits above; claims come on top',
  ),
  units: limit(25, 'entries', 'the interactions of one media type that an agent takes at a time'),
  unitsInAll: limit(100, 'entries', 'the interactions of all media types that an agent takes at a time (`total`)'),
  claims: limit(300, 'entries', 'the claims on an agent in one event, one for each unit'),
};

/** Limits of one request to the API. */
export const REQUEST_LIMITS = {
  head: limit(16 * 1024, 'bytes', 'path, query and headers together'),
  body: limit(1024 * 1024, 'bytes', 'the body'),
  depth: limit(64, 'levels', 'the nesting of a body, or of a message of the bus'),
  events: limit(1000, 'entries', 'the events of one request, and the records of one push'),
  wantedSkills: limit(20, 'entries', 'the skills in a claim request'),
  tokens: limit(8192, 'characters', 'the header `muster-consistency`'),
  idempotencyKey: limit(255, 'characters', 'the header `idempotency-key`'),
  lastEventId: limit(4096, 'characters', 'the header `last-event-id`'),
  idInPath: limit(512, 'characters', 'an id in a path'),
  errors: limit(100, 'fields', 'the wrong fields named in a refusal'),
};

/** Limits of one message of the bus. */
export const MESSAGE_LIMITS = {
  message: limit(256 * 1024, 'bytes', 'the value of a message'),
};

/** Largest numbers of a claim, since records of the store have fields of fixed width. */
export const CLAIM_NUMBERS = {
  /** Times, in ms: the year 2286. */
  timeMs: 9_999_999_999_999,
  fence: 9_000_000_000_000_000,
  /** Rest of a lock, in ms. */
  remainingMs: 1_000_000_000_000,
};
