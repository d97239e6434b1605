import { readFileSync } from 'node:fs';
import { JSON_TYPE, PROBLEM_TYPE } from '../operations/operation.ts';
import type { OperationId } from '../operations/operations.ts';
import type { Json, JsonObject } from './components.ts';
import type { Example } from './example.ts';
import { STORY } from './story.ts';

/** The answers to the examples. `test/api/examples.test.ts` runs the examples and writes them. */
export const EXAMPLE_ANSWERS: Readonly<Record<string, Json>> = JSON.parse(
  readFileSync(new URL('example-answers.json', import.meta.url), 'utf8'),
);

/** The examples of an operation, in the order of the story. */
export const examplesOf = (operation: OperationId): Example[] =>
  STORY.filter((example) => example.operation === operation);

/** The answer to an example; undefined if it is not JSON. */
export const answerTo = ({ name }: Example): Json | undefined => EXAMPLE_ANSWERS[name];

/** The media type of the answer to an example, if it is JSON. */
export const typeOfAnswer = ({ status }: Example): string => (status < 400 ? JSON_TYPE : PROBLEM_TYPE);

/** `example` of a parameter, if an example has a value for it. */
export function parameterExample(operation: OperationId, place: 'path' | 'query', name: string): JsonObject {
  const values = examplesOf(operation).map(({ params, query }) => (place === 'path' ? params : query)?.[name]);
  const value = values.find((each) => each !== undefined);
  return value === undefined ? {} : { example: value };
}

/** `examples` of request bodies. */
export function requestExamples(operation: OperationId, type: string): JsonObject {
  const sent = examplesOf(operation).flatMap((example) =>
    example.body !== undefined && (example.type ?? JSON_TYPE) === type ? [[example, example.body] as const] : [],
  );
  return write(sent);
}

/** `examples` of answers. */
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
