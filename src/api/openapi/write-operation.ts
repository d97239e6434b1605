import { isCounted } from '../hooks/admission.ts';
import {
  ANSWER_HEADERS,
  type AnswerHeader,
  AUTHENTICATE,
  type HeaderKind,
  RATE_LIMIT,
  REQUEST_HEADERS,
  REQUEST_ID,
  RETRY_AFTER,
} from '../operations/headers.ts';
import { type Answer, JSON_TYPE, KNOWN, type Operation, PROBLEM_TYPE, problemsOf } from '../operations/operation.ts';
import type { OperationId } from '../operations/operations.ts';
import { problemSchema } from '../problems/problem-answers.ts';
import { PROBLEMS, type ProblemCode } from '../problems/problems.ts';
import type { Components, Json, JsonObject } from './components.ts';
import { answerExamples, parameterExample, requestExamples } from './examples.ts';

/** Writes an operation for the document. */
export function writeOperation(id: OperationId, operation: Operation, components: Components): Json {
  const { tag, summary, description, repeatable } = operation;
  const words = [description, alsoNeeded(operation), repeatable && `Safe to repeat: ${repeatable}`].filter(
    (each) => each !== undefined,
  );
  const parameters = writeParameters(id, operation, components);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(words.length > 0 && { description: words.join('\n\n') }),
    ...(parameters.length > 0 && { parameters }),
    ...(operation.body && { requestBody: writeBody(id, operation, components) }),
    responses: writeAnswers(id, operation, components),
  };
}

const alsoNeeded = ({ accessWith = {} }: Operation): string | undefined =>
  Object.entries(accessWith)
    .map(([parameter, scope]) => `With \`${parameter}\` the scope \`${scope}\` is needed instead.`)
    .join(' ') || undefined;

interface ObjectSchema {
  properties: Record<string, object & { description?: string }>;
  required?: string[];
}

function writeParameters(id: OperationId, operation: Operation, components: Components): Json[] {
  const { params, query, headers = [], unlessKnown } = operation;
  const written = (place: 'path' | 'query', schema: unknown): Json[] => {
    const { properties = {}, required = [] } = (schema ?? {}) as Partial<ObjectSchema>;
    return Object.entries(properties).map(([name, { description = '', ...property }]) => ({
      name,
      in: place,
      required: required.includes(name),
      description,
      schema: components.write(property),
      ...parameterExample(id, place, name),
    }));
  };
  return [
    ...written('path', params),
    ...written('query', query),
    ...[...headers, ...(unlessKnown ? (['if-none-match'] as const) : [])].map((name) => ({
      name,
      in: 'header',
      required: false,
      ...writeHeader(REQUEST_HEADERS[name], components),
    })),
  ];
}

function writeBody(id: OperationId, { body }: Operation, components: Components): Json {
  if (!body) return {};
  const { schema, types = [JSON_TYPE], isOptional = false } = body;
  const media = (type: string) => ({ schema: components.write(schema), ...requestExamples(id, type) });
  return { required: !isOptional, content: Object.fromEntries(types.map((type) => [type, media(type)])) };
}

function writeAnswers(id: OperationId, operation: Operation, components: Components): Json {
  const byStatus = new Map<number, JsonObject>();
  for (const [status, answer] of Object.entries(operation.answers)) {
    byStatus.set(Number(status), writeAnswer(id, Number(status), answer, components));
  }
  if (operation.unlessKnown) {
    const { headers = [] } = operation.answers[200] ?? {};
    byStatus.set(304, writeAnswer(id, 304, { ...KNOWN, headers }, components));
  }
  for (const [status, codes] of Map.groupBy(problemsOf(operation), (code) => PROBLEMS[code].status)) {
    byStatus.set(status, withProblems(id, status, codes, byStatus.get(status), components));
  }
  const limited = isCounted(operation.access) ? writeHeaders(Object.entries(RATE_LIMIT), components) : {};
  const always = { ...namedHeaders(operation.always, components), ...limited };
  const all = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    all.map(([status, { headers, ...answer }]) => [
      String(status),
      { ...answer, headers: { ...(headers as JsonObject), ...always } },
    ]),
  );
}

function writeAnswer(id: OperationId, status: number, answer: Answer, components: Components): JsonObject {
  const { description, schema, type = JSON_TYPE, headers = [] } = answer;
  const content = schema && { [type]: { schema: components.write(schema), ...answerExamples(id, status, type) } };
  return { description, headers: namedHeaders(headers, components), ...(content && { content }) };
}

/** Adds the problems of a status to its answer: one schema per code, with `code` as discriminator. */
function withProblems(
  id: OperationId,
  status: number,
  codes: ProblemCode[],
  answer: JsonObject | undefined,
  components: Components,
): JsonObject {
  const refs = codes.map((code) => components.write(problemSchema(code)) as { $ref: string });
  const mapping = Object.fromEntries(codes.map((code, at) => [code, (refs[at] as { $ref: string }).$ref]));
  const schema =
    refs.length === 1 ? (refs[0] as Json) : { oneOf: refs, discriminator: { propertyName: 'code', mapping } };
  const named: [string, HeaderKind][] = [
    ...(status === 503 || status === 429 ? [['retry-after', RETRY_AFTER] as [string, HeaderKind]] : []),
    ...(status === 401 || codes.includes('insufficient_scope')
      ? [['www-authenticate', AUTHENTICATE] as [string, HeaderKind]]
      : []),
  ];
  const titles = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' ');
  return {
    description: answer ? `${answer.description} Or ${titles}` : titles,
    headers: { ...(answer?.headers as JsonObject), ...writeHeaders(named, components) },
    content: {
      ...(answer?.content as JsonObject),
      [PROBLEM_TYPE]: { schema, ...answerExamples(id, status, PROBLEM_TYPE) },
    },
  };
}

const namedHeaders = (names: readonly AnswerHeader[] = [], components: Components): JsonObject =>
  writeHeaders(
    names.map((name) => [name, ANSWER_HEADERS[name]] as const),
    components,
  );

function writeHeaders(named: (readonly [string, HeaderKind])[], components: Components): JsonObject {
  const all = [...named, ['x-request-id', REQUEST_ID] as const];
  return Object.fromEntries(all.map(([name, kind]) => [name, writeHeader(kind, components)]));
}

const writeHeader = ({ description, schema }: HeaderKind, components: Components): JsonObject => ({
  description,
  schema: components.write(schema),
});
