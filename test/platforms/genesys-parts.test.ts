import { describe, expect, it, vi } from 'vitest';
import { Budget } from '../../src/platforms/budget.ts';
import { Delivery } from '../../src/platforms/delivery.ts';
import { readFrame } from '../../src/platforms/genesys/channel.ts';
import { failureOf } from '../../src/platforms/genesys/failure.ts';
import { userTopic } from '../../src/platforms/genesys/requests.ts';
import type { PlatformReport } from '../../src/platforms/platform.ts';

const USER = '0b7a3c1e-5a0e-4c5e-9d0e-3f0f5a1c1111';

describe('a message on the socket', () => {
  it.each([
    [`{"topicName":"v2.users.${USER}.activity","version":"2","eventBody":{"id":"${USER}"},"metadata":{}}`, 'event'],
    [`{"topicName":"v2.users.${USER}.conversations","eventBody":{"id":"c"}}`, 'event'],
    ['{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}', 'alive'],
    ['{"topicName":"v2.subscription.updated"}', 'alive'],
    ['{"topicName":"v2.system.socket_closing","version":"2","eventBody":{},"metadata":{}}', 'closing'],
    ['{"topicName":"v2.system.token_revoked.channel","eventBody":{}}', 'ended'],
    ['{"topicName":"v2.system.no_longer_subscribed.channel"}', 'ended'],
    [`{"topicName":"v2.users.${USER}.activity"}`, 'malformed'],
    ['{"topicName":"v2.users', 'malformed'],
    ['[]', 'malformed'],
    ['null', 'malformed'],
    ['', 'malformed'],
  ])('%s is %s', (text, kind) => {
    expect(readFrame(text).kind).toBe(kind);
  });

  it('is asked for with a topic the platform takes', () => {
    expect(userTopic(USER).id.length).toBeLessThan(200);
  });
});

describe('a refused request', () => {
  it.each([
    ['{"message":"No.","code":"missing.permissions","contextId":"c1"}', 'No. (missing.permissions, context c1)'],
    ['{"error":"invalid_client","description":"client not found"}', 'invalid_client: client not found'],
    ['<html>', '<html>'],
    ['', 'no reason given'],
  ])('says why: %s', (text, reason) => {
    expect(failureOf(403, 'GET /x', text).message).toBe(`GET /x was refused with 403: ${reason}`);
  });
});

describe('a budget', () => {
  const never = new AbortController().signal;

  function budgetOf(perMinute: number) {
    const clock = { ms: 0, nowMs: () => 0, monotonicMs: () => clock.ms };
    return { clock, budget: new Budget(clock, perMinute) };
  }

  it('lets no more than its share go out within any minute', async () => {
    const { clock, budget } = budgetOf(2);
    await budget.take(never);
    clock.ms = 30_000;
    await budget.take(never);
    await expect(budget.take(AbortSignal.timeout(10))).rejects.toThrow();
    clock.ms = 60_000;
    await budget.take(never);
    await expect(budget.take(AbortSignal.timeout(10))).rejects.toThrow();
  });

  it('holds everybody for as long as a refusal asks, and longer for one right after', async () => {
    const { clock, budget } = budgetOf(10);
    budget.refused(10_000);
    clock.ms = 9_999;
    await expect(budget.take(AbortSignal.timeout(10))).rejects.toThrow();
    clock.ms = 11_000;
    await budget.take(never);
    budget.refused(10_000);
    clock.ms = 11_000 + 19_999;
    await expect(budget.take(AbortSignal.timeout(10))).rejects.toThrow();
  });

  it('takes what is refused while all wait for one refusal', async () => {
    const { clock, budget } = budgetOf(10);
    for (let i = 0; i < 4; i++) budget.refused(10_000);
    clock.ms = 11_000;
    expect(await budget.takeNow()).toBe(true);
  });
});

describe('a delivery', () => {
  const reportOf = (n: number): PlatformReport => ({ agentId: 'a', eventId: `e${n}`, timestampMs: n, facets: {} });
  const reports = (count: number) => Array.from({ length: count }, (_, n) => reportOf(n));
  const log = { info: () => {}, warn: () => {} };

  it('hands over in order, one batch at a time, again when refused', async () => {
    const taken: string[] = [];
    let [running, most, refusals] = [0, 0, 1];
    const context = {
      log,
      async report(batch: PlatformReport[]) {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (refusals-- > 0) throw new Error('the outbox is away');
        taken.push(...batch.map(({ eventId }) => eventId));
      },
    };
    const delivery = new Delivery(context, new AbortController().signal);
    expect(delivery.push([])).toBe(true);
    for (const report of reports(1200)) expect(delivery.push([report])).toBe(true);
    await delivery.settled();
    expect(taken).toEqual(reports(1200).map(({ eventId }) => eventId));
    expect(most).toBe(1);
  });

  it('is settled when what waited is taken, though more comes all the time', async () => {
    const stop = new AbortController();
    const taken: string[] = [];
    let next = 1;
    const context = {
      log,
      async report(batch: PlatformReport[]) {
        await new Promise((resolve) => setImmediate(resolve));
        delivery.push([reportOf(next++)]);
        taken.push(...batch.map(({ eventId }) => eventId));
      },
    };
    const delivery: Delivery = new Delivery(context, stop.signal);
    delivery.push([reportOf(0)]);
    await delivery.settled();
    expect(taken).toContain('e0');
    stop.abort();
    await delivery.settled();
    expect(delivery.push([reportOf(next)])).toBe(true);
    await delivery.settled();
  });

  it('drops the line rather than let it grow without end, and works on', async () => {
    const gate = Promise.withResolvers<void>();
    const report = vi.fn(() => gate.promise);
    const delivery = new Delivery({ log, report }, new AbortController().signal, 10);
    expect(delivery.push(reports(10))).toBe(true);
    expect(delivery.push([reportOf(10)])).toBe(false);
    expect(delivery.push([reportOf(11)])).toBe(true);
    gate.resolve();
    await delivery.settled();
    expect(report.mock.calls.flat(2).map(({ eventId }: PlatformReport) => eventId)).toContain('e11');
  });
});
