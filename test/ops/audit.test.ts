import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type AuditRecord, LineStream, openAudit } from '../../src/ops/audit.ts';
import { createLog } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { SOON } from '../fixtures/soon.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-audit-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const claim: AuditRecord = { op: 'claim', who: { issuer: 'idp', subject: 'ivr' }, outcome: 'ok', agent: 'a', fence: 7 };
const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line)
    .map((line) => JSON.parse(line));

function open(file: string) {
  const metrics = createMetrics('eu');
  const errors: string[] = [];
  const log = { error: (event: string) => errors.push(event) };
  const audit = openAudit({ file, stream: new LineStream(2), region: 'eu', instance: 'eu-1', log, metrics });
  const dropped = async () => (await metrics.auditDropped.get()).values[0]?.value ?? 0;
  return { audit, errors, dropped };
}

describe('the audit', () => {
  it('is a file of JSON lines, readable by its owner only, and appended to after a restart', async () => {
    const file = join(dir, 'audit.jsonl');
    for (const subject of ['first', 'second']) {
      const { audit } = open(file);
      audit.record({ ...claim, who: { issuer: 'idp', subject } });
      audit.close();
      await vi.waitFor(() => expect(linesOf(file).at(-1)?.who.subject).toBe(subject), SOON);
    }
    expect(linesOf(file)).toHaveLength(2);
    expect(linesOf(file)[0]).toMatchObject({
      ...claim,
      who: { subject: 'first' },
      audit: true,
      region: 'eu',
      instance: 'eu-1',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('counts what it drops, and says so once it can', async () => {
    const file = join(dir, 'flood.jsonl');
    const { audit, dropped } = open(file);
    const long = 'x'.repeat(100_000);
    // Nothing is written before this turn is over: 16 MiB of it may wait.
    for (let n = 0; n < 200; n++) audit.record({ ...claim, call: long, fence: n });
    const lost = await dropped();
    expect(lost).toBeGreaterThan(20);
    expect(lost).toBeLessThan(200);
    await vi.waitFor(
      () => expect(linesOf(file).at(-1)).toMatchObject({ op: 'audit', outcome: 'dropped', dropped: lost }),
      SOON,
    );
    expect(linesOf(file)).toHaveLength(200 - lost + 1);
    audit.close();
  });

  it('counts each record of those that it drops together', async () => {
    const file = join(dir, 'flood-of-short-ones.jsonl');
    const { audit, dropped } = open(file);
    const long = 'x'.repeat(100_000);
    for (let n = 0; n < 200; n++) audit.record({ ...claim, call: long });
    const before = await dropped();
    for (let n = 0; n < 1000; n++) audit.record({ ...claim, fence: n });
    expect(await dropped()).toBeGreaterThan(before + 100);
    const ofOp = (op: string) => linesOf(file).filter((line) => line.op === op);
    await vi.waitFor(() => expect(ofOp('audit')).not.toEqual([]), SOON);
    expect(ofOp('audit')[0].dropped).toBe(await dropped());
    expect(ofOp('claim')).toHaveLength(1200 - (await dropped()));
    audit.close();
  });

  it('fails to open if the file cannot be written', () => {
    expect(() => open(join(dir, 'nowhere', 'audit.jsonl'))).toThrow(/the audit .* cannot be opened: ENOENT/);
  });

  it('logs once that the disk is full, and never blocks', async () => {
    const { audit, errors } = open('/dev/full');
    audit.record(claim);
    await vi.waitFor(() => expect(errors).toHaveLength(1), SOON);
    audit.record(claim);
    audit.record(claim);
    expect(errors[0]).toBe('audit_write_failed');
  });
});

describe('the writes of the audit', () => {
  const written = vi.spyOn(fs, 'write');
  afterEach(() => {
    vi.useRealTimers();
    written.mockClear();
  });
  afterAll(() => written.mockRestore());

  /** The calls of the records that were handed to the operating system, write by write. */
  const writes = () =>
    written.mock.calls
      .map(([, text]) => [...String(text).matchAll(/"call":"(\w+)"/g)].map(([, call]) => call))
      .filter((calls) => calls.length > 0);
  const stopTime = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

  it('are one for all records of 20 ms', async () => {
    stopTime();
    const { audit } = open(join(dir, 'gathered.jsonl'));
    for (const call of ['a', 'b', 'c']) {
      audit.record({ ...claim, call });
      await turn();
      vi.advanceTimersByTime(6);
    }
    expect(writes()).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(writes()).toEqual([['a', 'b', 'c']]);
    audit.record({ ...claim, call: 'd' });
    vi.advanceTimersByTime(20);
    vi.useRealTimers();
    await vi.waitFor(() => expect(writes()).toEqual([['a', 'b', 'c'], ['d']]), SOON);
    audit.close();
  });

  it('have at most 4 KiB, the most that a pipe takes in one piece', async () => {
    stopTime();
    const { audit } = open(join(dir, 'pieces.jsonl'));
    const text = 'ü'.repeat(700); // two bytes each
    for (const call of ['a', 'b', 'c']) audit.record({ ...claim, call, queue: text });
    expect(writes()).toEqual([['a', 'b']]);
    const [, first] = written.mock.calls[0] ?? [];
    expect(Buffer.byteLength(String(first))).toBeLessThanOrEqual(4096);
    audit.close();
    vi.useRealTimers();
    await vi.waitFor(() => expect(writes()).toEqual([['a', 'b'], ['c']]), SOON);
  });

  it('are in order with the log on its stream, whose lines are written at once', async () => {
    stopTime();
    const file = join(dir, 'shared.jsonl');
    const stream = new LineStream(openSync(file, 'a'));
    const log = createLog('info', 'eu', 'eu-1', stream);
    const metrics = createMetrics('eu');
    const audit = openAudit({ file: undefined, stream, region: 'eu', instance: 'eu-1', log, metrics });
    audit.record({ ...claim, call: 'a' });
    audit.record({ ...claim, call: 'b' });
    expect(writes()).toEqual([]);
    log.info('instance_stopped');
    expect(writes()).toEqual([['a', 'b']]);
    vi.useRealTimers();
    await vi.waitFor(
      () => expect(linesOf(file).map(({ op, event }) => op ?? event)).toEqual(['claim', 'claim', 'instance_stopped']),
      SOON,
    );
    audit.close();
    stream.end();
  });
});

const ENDS = {
  'its event loop is empty': '',
  'it closes the stream': 'stream.end();',
  'it exits': 'process.exit();',
  'it exits while it writes': "setTimeout(() => { stream.gather('last\\n'); process.exit(); }, 20);",
  'it fails': "throw new Error('expected');",
};

it.concurrent.each(Object.entries(ENDS))('leaves no gathered line to a process that ends: %s', async (how, end) => {
  const file = join(dir, how);
  const script = `
    import { LineStream } from './src/ops/audit.ts';
    const stream = new LineStream(3);
    for (let n = 0; n < 2000; n++) stream.gather(n + '\\n');
    ${end}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'ignore', openSync(file, 'a')],
  });
  await once(child, 'exit');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const all = [...Array.from({ length: 2000 }, (_, n) => String(n)), ...(end.includes('last') ? ['last'] : [])];
  expect(lines.sort()).toEqual(all.sort());
});
