import { type TSchema, Type } from 'typebox';

/** Building blocks of the schema. */
export const NAME = '[A-Za-z0-9._-]{1,64}';
export const MAIN = 'main';
export const closed = { additionalProperties: false };

export const Name = (description: string, more: object = {}) =>
  Type.String({
    pattern: `^${NAME}$`,
    title: 'a name of 1 to 64 letters, digits, dots, dashes or underscores',
    description,
    ...more,
  });

export const named = <T extends TSchema>(value: T, description: string, more: object = {}) =>
  Type.Record(Type.String({ pattern: `^${NAME}$` }), value, { ...closed, description, ...more });

export const Milliseconds = (value: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ default: value, minimum, maximum, description });
