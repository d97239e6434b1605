import { readFileSync } from 'node:fs';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { partitionOf } from '../../src/bus/envelope.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { bringOnDuty, eventOf, type Process, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const SINCE_MS = RECENTLY_MS;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const PARTITIONS = 12;

let regions: Regions;
let urls: string[];

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false });
  urls = regions.all.map(({ url }) => url);
  await bringOnDuty(regions.all[0] as never, 1, regions.all, SINCE_MS);
});
afterAll(() => regions?.stop());

async function send(url: string, path: string, headers: Record<string, string>, body?: object) {
  const answer = await fetch(`${url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  return { status: answer.status, id: answer.headers.get('x-request-id'), body: (await answer.json()) as any };
}

interface Line {
  request?: string;
  trace_id?: string;
  op?: string;
  region: string;
}

/** What a region's first instance has written about something. */
const linesOf = (region: number, about: (line: Line) => boolean): Line[] =>
  readFileSync(regions[region]?.processes[0]?.log as string, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
    .filter(about);

/** What is on the bus about an agent, and not yet read by all regions. */
async function onTheBus(agentId: string): Promise<string> {
  const client = createClient({ url: regions.bus.url });
  await client.connect();
  try {
    const stream = `agent.status.change:${partitionOf(agentId, PARTITIONS)}`;
    const messages = (await client.xRange(stream, '-', '+')) ?? [];
    return JSON.stringify(messages.filter((each) => each?.message.key === agentId));
  } finally {
    client.destroy();
  }
}

describe('a request', () => {
  it('has the id that its caller gave it, if that can be one', async () => {
    expect((await send(urls[0] as string, '/healthz', { 'x-request-id': 'call-17.retry_2' })).id).toBe(
      'call-17.retry_2',
    );
    const problem = await send(urls[0] as string, '/v1/agents/nobody', { 'x-request-id': 'mine' });
    expect(problem.body.request_id).toBe('mine');
    for (const odd of ['a b', 'x'.repeat(129), '{"op":"claim"}']) {
      expect((await send(urls[0] as string, '/healthz', { 'x-request-id': odd })).id).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('belongs to its caller’s trace in the audits of both regions that had to do with it', async () => {
    const headers = { traceparent: PARENT, tracestate: 'rojo=1', 'x-request-id': 'crossing' };
    const asked = { queue: 'support', call_id: 'far', budget_ms: 5000 };
    const { status } = await send(urls[1] as string, '/v1/claims', headers, asked);
    expect(status).toBe(201);
    for (const region of [0, 1]) {
      await vi.waitFor(() => {
        const found = linesOf(region, ({ op, request }) => op === 'claim' && request === 'crossing');
        expect(found).toMatchObject([{ trace_id: TRACE }]);
      }, SOON);
    }
  });

  it('begins a trace where its caller has none', async () => {
    await send(
      urls[0] as string,
      '/v1/events',
      { 'x-request-id': 'alone' },
      eventOf('crm-eu:alone', 'OFFLINE', SINCE_MS),
    );
    await vi.waitFor(() => {
      const [line] = linesOf(0, ({ request }) => request === 'alone');
      expect(line?.trace_id).toMatch(/^[0-9a-f]{32}$/);
    }, SOON);
  });

  it('is named on the bus by what it led to', async () => {
    const other = regions[1]?.processes[0] as Process;
    await other.signal('SIGSTOP'); // what all have read is on the bus no more
    try {
      const headers = { traceparent: PARENT, tracestate: 'rojo=1' };
      await send(urls[0] as string, '/v1/events', headers, eventOf('crm-eu:traced', 'OFFLINE', SINCE_MS));
      await vi.waitFor(async () => {
        const messages = await onTheBus('crm-eu:traced');
        expect(messages).toContain(`\\"ce_traceparent\\":\\"${PARENT}\\"`);
        expect(messages).toContain('\\"ce_tracestate\\":\\"rojo=1\\"');
      }, SOON);
    } finally {
      await other.signal('SIGCONT');
    }
  });
});
