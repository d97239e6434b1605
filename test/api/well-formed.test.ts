import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Json, JsonObject } from '../../src/api/openapi/components.ts';
import { renderDocument } from '../../src/api/openapi/document.ts';
import { STORY } from '../../src/api/openapi/story.ts';
import { PUSH_SECRET, pushedConnection } from '../fixtures/business-unit.ts';
import { illFormed, pointerTo, put, type Spot, spotsOf } from '../fixtures/ill-formed.ts';
import { ask, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

let regions: Regions;
let businessUnit: CxoneSimulator;
let url: string;

beforeAll(async () => {
  businessUnit = await startCxoneSimulator({ agents: 2, paused: true });
  const cxone = pushedConnection(businessUnit);
  const connections = { 'cxone-emea': cxone, 'crm-eu-west-1': { platform: 'events', home: 'eu-west-1' } };
  regions = await startRegions({ names: ['eu-west-1'], replicas: false, config: { connections } });
  url = (regions[0] as { url: string }).url;
}, 60_000);
afterAll(async () => {
  await regions?.stop();
  await businessUnit?.stop();
});

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  schema: JsonObject;
}
interface Described {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: JsonObject }> };
}
interface Case extends Described {
  method: string;
  path: string;
}

const document = renderDocument() as unknown as {
  paths: Record<string, Record<string, Described>>;
  components: JsonObject;
};
const operations: Case[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({ ...described, method: method.toUpperCase(), path })),
);
const withText = (place: Parameter['in']) =>
  operations.flatMap((operation) =>
    (operation.parameters ?? [])
      .filter((parameter) => parameter.in === place)
      .map((parameter): [string, Case, string] => [
        `${operation.operationId} ${parameter.name}`,
        operation,
        parameter.name,
      ]),
  );
const bodies = operations.flatMap((operation) =>
  Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema }]): [string, Case, string, Spot[]] => [
    `${operation.operationId} as ${type}`,
    operation,
    type,
    spotsOf(schema, document.components),
  ]),
);

/** A request of the operation that nothing is wrong with. */
function exampleOf({ operationId }: Case) {
  const {
    params = {},
    query = {},
    body,
  } = STORY.find((each) => each.operation === operationId && each.status < 300) ?? {
    params: {},
    query: {},
    body: undefined,
  };
  return {
    params,
    query: Object.entries(query).map(([name, value]) => [name, encodeURIComponent(value)] as const),
    body,
  };
}

interface Sent {
  path?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string;
  type?: string;
}

/** Again while the instance has too much to do, as it says. */
const send = (operation: Case, sent: Sent) =>
  vi.waitFor(async () => {
    const answer = await sendOnce(operation, sent);
    if (answer.code === 'overloaded') throw new Error('overloaded');
    return answer;
  }, SOON);

/** Values of path and query are as they are, not yet encoded. */
async function sendOnce(
  operation: Case,
  { path = {}, query = {}, headers = {}, body, type = 'application/json' }: Sent,
) {
  const { params, query: usual } = exampleOf(operation);
  const filled = operation.path.replaceAll(
    /\{(\w+)\}/g,
    (_, name: string) => path[name] ?? encodeURIComponent(params[name] ?? ''),
  );
  const search = Object.entries({ ...Object.fromEntries(usual), ...query }).map(([name, value]) => `${name}=${value}`);
  const response = await fetch(`${url}${filled}${search.length > 0 ? `?${search.join('&')}` : ''}`, {
    method: operation.method,
    headers: {
      authorization: `Bearer ${PUSH_SECRET}`,
      ...(body !== undefined && { 'content-type': type }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  const answer = (await response.json().catch(() => ({}))) as { code?: string; errors?: { field: string }[] };
  return { status: response.status, code: answer.code, fields: (answer.errors ?? []).map(({ field }) => field) };
}

/** Half of a character as bytes, and what is no percent-encoding of any. */
const BYTES = ['%ED%A0%80', 'a%ED%BF%BFz', '%FF', '%C3', 'caf%E9', '100%', '%F0%9F%98'];

describe('text that is not well-formed', () => {
  it.each(withText('path'))('leads nowhere in a path: %s', async (_, operation, name) => {
    for (const bytes of BYTES) {
      expect(await send(operation, { path: { [name]: bytes } })).toMatchObject({ status: 404, code: 'unknown_route' });
    }
  });

  it.each(withText('query'))('is refused in a query: %s', async (_, operation, name) => {
    for (const bytes of BYTES) {
      const refused = { status: 400, code: 'invalid_request', fields: [`/${name}`] };
      expect(await send(operation, { query: { [name]: bytes } })).toEqual(refused);
    }
  });

  it.each(withText('header'))('is refused in a header: %s', async (_, operation, name) => {
    const { body } = exampleOf(operation);
    const token = Buffer.from(JSON.stringify({ v: 1, region: 'eu-west-1', agents: [['\ud800', {}]] }));
    for (const value of [
      '\xed\xa0\x80',
      'caf\xe9',
      `"\xff"`,
      ...(name === 'muster-consistency' ? [token.toString('base64url')] : []),
    ]) {
      const sent = { headers: { [name]: value }, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const { status, fields } = await send(operation, sent);
      expect([400, 401, 404], `${name}: ${value}`).toContain(status);
      if (status === 400) expect(fields).toEqual([name]);
    }
  });

  it.each(bodies)('is refused wherever it is in a body, by name: %s', async (_, operation, type, spots) => {
    const { body = null } = exampleOf(operation);
    for (const spot of spots) {
      const check = async (text: string): Promise<void> => {
        const isForm = type.includes('form');
        const sent = JSON.stringify(put(body as Json, spot, text));
        // JSON that is called a form is taken, too.
        const { status, fields } = await send(operation, { body: sent, type });
        // A claim that nobody granted is none, whatever else is said.
        const isUnproven = status === 404 && operation.path.startsWith('/v1/claims/{id}');
        if (!isUnproven)
          expect({ status, fields, isForm }).toEqual({ status: 400, fields: [pointerTo(spot, text)], isForm });
      };
      await fc.assert(fc.asyncProperty(illFormed, check), { numRuns: 5 });
    }
  });

  it('is refused in the fields of a form', async () => {
    const operation = operations.find(({ operationId }) => operationId === 'routeCall') as Case;
    for (const bytes of BYTES) {
      const body = `queue=support&call_id=${bytes}`;
      const refused = { status: 400, code: 'invalid_request', fields: ['/call_id'] };
      expect(await send(operation, { body, type: 'application/x-www-form-urlencoded' })).toEqual(refused);
    }
  });

  it.each(bodies)('is refused as bytes that are no UTF-8: %s', async (_, operation, type) => {
    const response = await fetch(`${url}${operation.path.replaceAll(/\{\w+\}/g, 'cxone-emea')}`, {
      method: operation.method,
      headers: { 'content-type': type, authorization: `Bearer ${PUSH_SECRET}` },
      body: Buffer.from('{"call_id":"caf\xe9"}', 'latin1'),
    });
    const { errors } = (await response.json()) as { errors?: { field: string; message: string }[] };
    if (response.status !== 404) expect([response.status, errors?.[0]?.message]).toEqual([400, 'is not UTF-8']);
    else expect(operation.path).toContain('{id}');
  });

  it('is refused in a cursor', async () => {
    const cursor = Buffer.from('["main","\\ud800"]').toString('base64url');
    expect(await ask(`${url}/v1/agents?cursor=${cursor}`)).toMatchObject({
      status: 400,
      body: { errors: [{ field: '/cursor' }] },
    });
  });

  it('leaves nothing done: of a batch, no event', async () => {
    const event = {
      event_id: 'good',
      timestamp: 1_790_000_000_000,
      agent_id: 'crm-eu-west-1:good',
      status: 'AVAILABLE',
    };
    const bad = { ...event, event_id: 'bad', agent_id: 'crm-eu-west-1:bad', profile: { skills: { '\ud800': 50 } } };
    const { status, body } = await ask(`${url}/v1/events`, 'POST', [event, bad]);
    expect({ status, field: body.errors[0].field }).toEqual({ status: 400, field: '/1/profile/skills/\ufffd' });
    expect((await ask(`${url}/v1/agents/${encodeURIComponent(event.agent_id)}`)).status).toBe(404);
  });

  it('is not what only looks like it', async () => {
    const agent_id = 'crm-eu-west-1:\u{1f600}';
    const event = {
      event_id: 'e\u0301\ufffd',
      timestamp: 1_790_000_000_000,
      agent_id,
      status: 'BUSY',
      reason: 'caf\u00e9 \u{1f600}',
    };
    expect((await ask(`${url}/v1/events`, 'POST', event)).status).toBe(202);
    const { body } = await ask(`${url}/v1/agents/${encodeURIComponent(agent_id)}`);
    expect(body).toMatchObject({ agent_id, reason: 'caf\u00e9 \u{1f600}' });
  });
});
