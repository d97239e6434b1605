import { readFileSync } from 'node:fs';
import { JSON_TYPE, PROBLEM_TYPE } from '../operations/operation.ts';
import type { OperationId } from '../operations/operations.ts';
import type { Json, JsonObject } from './components.ts';
import type { Example } from './example.ts';
import { STORY } from './story.ts';

/** What the examples were answered with; `test/api/examples.test.ts` carries them out, and writes it. */
export const EXAMPLE_ANSWERS: Readonly<Record<string, Json>> = JSON.parse(
  readFileSync(new URL('example-answers.json', import.meta.url), 'utf8'),
);

/** In the order of the story. */
export const examplesOf = (operation: OperationId): Example[] =>
  STORY.filter((example) => example.operation === operation);

/** What an example was answered with; undefined where that is no JSON. */
export const answerTo = ({ name }: Example): Json | undefined => EXAMPLE_ANSWERS[name];

/** The media type of what an example was answered with, where that is JSON. */
export const typeOfAnswer = ({ status }: Example): string => (status < 400 ? JSON_TYPE : PROBLEM_TYPE);

/** `example` of a parameter, where an example has one. */
export function parameterExample(operation: OperationId, place: 'path' | 'query', name: string): JsonObject {
  const values = examplesOf(operation).map(({ params, query }) => (place === 'path' ? params : query)?.[name]);
  const value = values.find((each) => each !== undefined);
  return value === undefined ? {} : { example: value };
}

/** `examples` of what is sent. */
export function requestExamples(operation: OperationId, type: string): JsonObject {
  const sent = examplesOf(operation).flatMap((example) =>
    example.body !== undefined && (example.type ?? JSON_TYPE) === type ? [[example, example.body] as const] : [],
  );
  return write(sent);
}

/** `examples` of what is answered. */
export function answerExamples(operation: OperationId, status: number, type: string): JsonObject {
  const answered = examplesOf(operation).flatMap((example) => {
    const answer = answerTo(example);
    const isMeant = answer !== undefined && example.status === status && typeOfAnswer(example) === type;
    return isMeant ? [[example, answer] as const] : [];
  });
  return write(answered);
}

function write(examples: (readonly [Example, Json])[]): JsonObject {
  if (examples.length === 0) return {};
  const named = examples.map(([{ name, summary }, value]) => [name, { summary, value }] as const);
  return { examples: Object.fromEntries(named) };
}
