import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/api/openapi/components.ts';
import type { Example } from '../../src/api/openapi/example.ts';
import { EXAMPLE_ANSWERS, typeOfAnswer } from '../../src/api/openapi/examples.ts';
import { STORY } from '../../src/api/openapi/story.ts';
import { JSON_TYPE, type Operation } from '../../src/api/operations/operation.ts';
import { OPERATIONS, operationList } from '../../src/api/operations/operations.ts';
import { pushedConnection } from '../fixtures/business-unit.ts';
import { breaches } from '../fixtures/contract.ts';
import { type Regions, startRegions } from '../fixtures/regions.ts';
import { steady } from '../fixtures/steady.ts';

const NAMES = ['eu-west-1', 'us-east-1'];
const answers: Record<string, Json> = {};
/** The claims that were granted, by the id that is shown. */
const claims = new Map<string, string>();
let regions: Regions;
let businessUnit: CxoneSimulator;

beforeAll(async () => {
  businessUnit = await startCxoneSimulator({ agents: 2, paused: true });
  const cxone = pushedConnection(businessUnit);
  const crm = Object.fromEntries(NAMES.map((name) => [`crm-${name}`, { platform: 'events', home: name }]));
  const config = { connections: { 'cxone-emea': cxone, ...crm } };
  regions = await startRegions({ names: NAMES, config });
});
afterAll(async () => {
  await regions?.stop();
  await businessUnit?.stop();
});

/** As a reader of the document would send it: with the claim that was granted in place of the one that is shown. */
function send(example: Example) {
  const { operation, params = {}, query = {}, headers = {}, type = JSON_TYPE, body } = granted(example);
  const { method, path }: Operation = OPERATIONS[operation];
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)] as [string, string]),
  );
  return fetch(`${regions[0]?.url}${filled}${search.size > 0 ? `?${search}` : ''}`, {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(body !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

function granted(example: Example): Example {
  const text = [...claims].reduce((text, [shown, actual]) => text.replaceAll(shown, actual), JSON.stringify(example));
  return JSON.parse(text);
}

function remember(answer: Json): void {
  const { claim_id } = answer as { claim_id?: string };
  if (claim_id) claims.set(steady(claim_id) as string, claim_id);
}

describe('an example', () => {
  it.each(STORY.map((example) => [example.name, example] as const))('%s is true', async (name, example) => {
    const answer = await send(example);
    const text = await answer.text();
    expect(answer.status, text).toBe(example.status);
    if (!answer.headers.get('content-type')?.startsWith(typeOfAnswer(example)) || name === 'document') return;
    const kept = EXAMPLE_ANSWERS[name];
    remember(JSON.parse(text));
    answers[name] = example.ofTheMoment && kept !== undefined ? kept : steady(JSON.parse(text));
  });
});

describe('the examples', () => {
  it('are answered with what the document says', async () => {
    await expect(`${JSON.stringify(answers, null, 2)}\n`).toMatchFileSnapshot(
      '../../src/api/openapi/example-answers.json',
    );
  });

  it('are kept as the document says, those that depend on the moment, too', () => {
    const kept = STORY.filter((example) => EXAMPLE_ANSWERS[example.name] !== undefined);
    const found = kept.flatMap((example) => {
      const { method, path }: Operation = OPERATIONS[example.operation];
      const headers = { 'content-type': typeOfAnswer(example) };
      const body = JSON.stringify(EXAMPLE_ANSWERS[example.name]);
      return breaches({ method, path, status: example.status, headers, body });
    });
    expect(found).toEqual([]);
  });

  it('have one of every operation, and a name of their own each', () => {
    const shown = new Set(STORY.map(({ operation }) => operation));
    expect(operationList().filter(([id]) => !shown.has(id))).toEqual([]);
    expect(new Set(STORY.map(({ name }) => name)).size).toBe(STORY.length);
  });
});
