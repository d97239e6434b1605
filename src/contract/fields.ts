import { type TInteger, type TObject, type TOptional, type TSchemaOptions, Type } from 'typebox';
import { MEDIA } from '../agent/facets.ts';
import { REQUEST_LIMITS, TEXT_LIMITS } from '../agent/limits.ts';
import { closed, SkillName as SkillKey } from '../agent/wire.ts';

/**
 * The contract: requests and answers of the API as schemas. Types are inferred from them, requests are validated by them, and
 * the OpenAPI document is made from them. Answers have no other fields.
 */

/** Id or name of an agent, a queue, a call, a region or a connection. */
export const Name = (description: string) =>
  Type.String({ minLength: 1, maxLength: TEXT_LIMITS.name.most, description });

export const Count = (description: string, options: TSchemaOptions = {}) =>
  Type.Integer({ minimum: 0, ...options, description });

/** A duration or a difference of clocks, in ms. */
export const Ms = (description: string) => Type.Number({ description });

/** Ms since the epoch, by the clock that the description names. */
export const MsSinceEpoch = (description: string) => Type.Integer({ minimum: 0, description });

/** One of several words. */
export const OneOf = <W extends string, T extends W[]>(words: [...T], description: string) =>
  Type.Enum(words, { description });

export const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

/** Counts by word; words with a count of 0 are left out. */
export const Counts = <W extends string>(words: W[], description: string): TObject<CountBy<W>> => {
  const counts = words.map((word) => [word, Type.Optional(Type.Integer({ minimum: 0 }))]);
  return Type.Object(Object.fromEntries(counts) as CountBy<W>, { ...closed, description });
};

type CountBy<W extends string> = { [Word in W]: TOptional<TInteger> };

/** Media type of the interaction that an agent is asked for. */
export const MediaType = Type.Optional(
  Type.Enum([...MEDIA], { description: 'Media type of the interaction; `voice` if left out.' }),
);

export const BudgetMs = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 10_000,
    description: 'How long the answer may take, in ms. A shorter budget leaves out regions that are further away.',
  }),
);

/** Largest 32-bit integer: more than platforms' scripts can hold as a number. */
export const MOST_MS = 2_147_483_647;

/** How old words about agents may be. */
export const MaxAgeMs = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: MOST_MS,
    description:
      'How old the last word about an agent may be when the request arrives, in ms. The platform is asked about older ones; agents it does not confirm in time are passed over as `stale`. 0: only what is known at the home, or confirmed for this request. It never exceeds the limits of the region.',
  }),
);

/** Age of an answer as a whole. */
export const AnswerAgeMs = (description: string) => orNull(Count(`${description} null: nothing is known from a home.`));

const SkillName = Type.String({ minLength: 1, maxLength: TEXT_LIMITS.skillName.most });

export const Skills = Type.Union(
  [
    Type.Array(SkillName, { maxItems: REQUEST_LIMITS.wantedSkills.most, description: 'Skills at any level.' }),
    Type.Record(SkillKey, Type.Integer({ minimum: 0, maximum: 100 }), {
      ...closed,
      maxProperties: REQUEST_LIMITS.wantedSkills.most,
      description: 'Skills with their minimum level, 0 to 100.',
    }),
  ],
  { description: 'Required skills.' },
);

/** Required skills in a query or a text field. */
export const SkillsAsText = Type.String({
  maxLength: TEXT_LIMITS.skillsAsText.most,
  description: 'Required skills, each at any level or with a minimum level, 0 to 100: `billing,spanish:60`.',
});
